# The account's secrets: their variables and files in boxes, before they are ready, pushed, kept away, and at rest.

field() { jq -r "$1" <<<"$body"; }
run() { api POST "/boxes/$box/commands" "$(jq -nc --arg command "$1" '{command: $command}')"; }
set_secrets() { # ENV_CONTENTS [PATH CONTENTS]...
    local env=$1
    shift
    api POST /secrets "$(jq -nc --arg env "$env" --args \
        '{envContents: $env, secretFiles: [range(0; $ARGS.positional | length; 2) as $i | {path: $ARGS.positional[$i], contents: $ARGS.positional[$i + 1]}]}' "$@")"
}
forget() { defer 'api POST /secrets "{}"'; }

test_new_boxes_have_them() {
    forget
    set_secrets $'# a comment\nexport TOKEN="s3cr3t \\"quoted\\" $HOME"\nPLAIN=a b\nSINGLE=\'x\ny\'\n' .config/svc/token $'line\n' top 'no end'
    equal "$status $(field .type)" "200 secrets.updated"
    equal "$(field '.pushed | tostring')" '{"updated":0,"failed":0}'
    api GET /secrets
    equal "$(field .type) $(field '.secretFiles | length')" "secrets.info 2"
    match "$(field .environmentId)" env_
    new_box
    run 'printf "%s|" "$TOKEN" "$PLAIN" "$SINGLE"; stat -c "%U %a" .config/svc/token top; cat .config/svc/token top'
    equal "$(field .stdout)" $'s3cr3t "quoted" $HOME|a b|x\ny|user 600\nuser 600\nline\nno end'
    equal "$(box ssh "$box" 'echo "$PLAIN"')" "a b"
    # The box's own variables take precedence, and last as long.
    box=$(curl -sS -X POST -H "Authorization: Bearer $(cat "$WORK/key")" -d '{"env":{"PLAIN":"own"}}' \
        "http://127.0.0.1:$PORT/api/box/v1/boxes" | jq -r .box.id)
    defer "box delete $box --yes --json"
    wait_state "$box" ready
    run 'echo "$PLAIN"'
    equal "$(field .stdout)" own
}

test_running_boxes_get_changes() {
    forget
    set_secrets 'A=1' one first two second
    new_box
    local first=$box
    new_box
    local second=$box
    new_box --no-env
    stop_box "$second"
    set_secrets 'A=2' two changed three third
    equal "$(field '.pushed | tostring')" '{"updated":1,"failed":0}'
    box=$first
    run 'echo $A; ls; cat two three'
    equal "$(field .stdout)" $'2\nthree\ntwo\nchangedthird'
    box=$second
    resume_box "$box"
    run 'echo $A; ls; cat two three'
    equal "$(field .stdout)" $'2\nthree\ntwo\nchangedthird'
    api POST /secrets '{}'
    equal "$(field '.pushed | tostring')" '{"updated":2,"failed":0}'
    run 'echo "<$A>"; ls'
    equal "$(field .stdout)" '<>'
}

test_a_box_that_cant_take_a_file_is_counted() {
    forget
    new_box
    run 'mkdir taken; ln -s /etc out'
    set_secrets 'A=1' taken x out/passwd y good z
    equal "$(field '.pushed | tostring')" '{"updated":0,"failed":1}'
    run 'cat good; echo $A; grep -c ^y /etc/passwd'
    equal "$(field .stdout | head -n 1)" z1
    match "$(box info "$box" --json | jq -r '.box.warnings | join("\n")')" "secret file taken"
}

test_a_box_that_hangs_is_not_waited_for() {
    forget
    new_box
    oci pause "$box"
    defer "oci resume $box"
    local begun=$SECONDS
    set_secrets 'A=1' held x
    [ $((SECONDS - begun)) -le 13 ] || fail "it took $((SECONDS - begun)) s"
    equal "$status $(field '.pushed | tostring')" "200 {\"updated\":0,\"failed\":1,\"waiting\":[\"$box\"]}"
    sleep 1
    match "$(box info "$box" --json | jq -r '.box.warnings | join("\n")')" "secret files are not written yet"
    oci resume "$box"
    for _ in $(seq 100); do
        [ "$(box info "$box" --json | jq -r '.box.warnings')" != null ] || break
        sleep 0.2
    done
    run 'cat held'
    equal "$(field .stdout)" x
    # A stop doesn't wait for a delivery either.
    oci pause "$box"
    set_secrets 'A=2' held y
    begun=$SECONDS
    box stop --force "$box" --json >/dev/null
    wait_state "$box" stopped
    [ $((SECONDS - begun)) -le 30 ] || fail "the stop took $((SECONDS - begun)) s"
}

test_files_that_change_their_kind() {
    forget
    set_secrets '' cfg/tok one
    new_box
    set_secrets '' cfg two
    equal "$(field '.pushed | tostring')" '{"updated":1,"failed":0}'
    run 'cat cfg; rm cfg; mkdir -p cfg; touch cfg/mine'
    equal "$(field .stdout)" two
    api POST /secrets '{}'
    equal "$(field '.pushed | tostring')" '{"updated":1,"failed":0}'
    # Two names to Linux, but the same to a reader.
    set_secrets '' "$(printf 'caf\303\251')" old
    set_secrets '' "$(printf 'cafe\314\201')" new
    api POST /secrets '{}'
    run 'ls; ls cfg'
    equal "$(field '.stdout | gsub("\n"; " ")')" "cfg mine "
    set_secrets "BIG=$(head -c 120000 /dev/zero | tr '\0' x)"
    equal "$status $(field .code)" "400 invalid_env"
}

# A fork with --no-env is created while secrets are delivered to its source.
test_a_fork_during_a_push() {
    forget
    new_box
    box ssh "$box" 'printf "#!/bin/sh\nsleep 2\nexec /usr/bin/python3.real \"\$@\"\n" >slow; chmod 755 slow
        sudo cp -L /usr/bin/python3 /usr/bin/python3.real; sudo cp --remove-destination slow /usr/bin/python3'
    set_secrets '' late TOPSECRET &
    local pushing=$!
    sleep 0.7
    api POST "/boxes/$box/fork" '{"noEnv":true}'
    box=$(field .box.id)
    defer "box delete $box --yes --json"
    wait "$pushing"
    wait_state "$box" ready
    run 'cat late'
    equal "$(field .stdout)" ""
    match "$(field .stderr)" "No such file"
}

test_boxes_without_them() {
    forget
    set_secrets 'A=1' one first
    new_box --no-env
    run 'echo "<$A>"; ls -A | grep -c one'
    equal "$(field .stdout)" $'<>\n0'
    # Forks of such a box have no secrets either, whatever the request is.
    api POST "/boxes/$box/fork" '{"noEnv":false}'
    box=$(field .box.id)
    defer "box delete $box --yes --json"
    wait_state "$box" ready
    run 'echo "<$A>"'
    equal "$(field .stdout)" '<>'
    # A box that had secrets loses them for good.
    new_box
    run 'cat one'
    equal "$(field .stdout)" first
    stop_box "$box"
    api POST "/boxes/$box/resume" '{"noEnv":true}'
    wait_state "$box" ready
    run 'echo "<$A>"; ls'
    equal "$(field .stdout)" '<>'
    stop_box "$box"
    resume_box "$box"
    run 'echo "<$A>"; ls'
    equal "$(field .stdout)" '<>'
}

test_bad_secrets_change_nothing() {
    forget
    set_secrets 'KEEP=1' kept here
    local path
    for path in /etc/passwd ../up a/../b . '' 'a//b' '~/x' $'new\nline' "$(printf 'x%.0s' {1..300})"; do
        set_secrets 'A=1' "$path" x
        equal "$status $(field .code)" "400 invalid_secret_file" "$path"
    done
    set_secrets 'A=1' twice x twice y
    equal "$status $(field .code)" "400 invalid_secret_file"
    set_secrets 'A=1' dir x dir/file y
    equal "$status $(field .code)" "400 invalid_secret_file"
    set_secrets $'GOOD=1\nnot a variable hunter2'
    equal "$status $(field .code)" "400 invalid_env"
    match "$(field .message)" "line 2"
    no_match "$body" hunter2
    set_secrets 'BOX_ID=1'
    equal "$status $(field .code)" "400 invalid_env"
    api POST /secrets '{"envContents":1}'
    equal "$status $(field .code)" "400 invalid_env"
    api POST /secrets '{"secretFiles":[1]}'
    equal "$status $(field .code)" "400 invalid_secret_file"
    api GET /secrets
    equal "$(field .envContents) $(field '.secretFiles[0].path')" "KEEP=1 kept"
}

test_at_rest_and_in_logs() {
    forget
    set_secrets 'A=needle-in-env' file needle-in-file
    new_box
    stop_box "$box"
    ! grep -rqa needle-in "$BOXD_DATA_DIR/boxd.sqlite" "$BOXD_DATA_DIR/boxd.sqlite-wal" "$WORK/boxd.log" "$BOXD_DATA_DIR/boxes/$box" ||
        fail "a secret is readable on the host"
}

test_the_command_line() {
    forget
    printf 'v1' | box secrets set NAME >/dev/null
    equal "$(box secrets get --json | jq -r .envContents)" 'NAME=v1'
    new_box
    run 'echo $NAME'
    equal "$(field .stdout)" v1
    box secrets unset NAME >/dev/null
    run 'echo "<$NAME>"'
    equal "$(field .stdout)" '<>'
}

test_a_dotenv_file_of_an_editor_that_writes_a_mark() {
    printf '\357\273\277FIRST=1\r\nSECOND=2\r\n' >.env
    box secrets import .env --replace --json >/dev/null
    defer "box secrets unset FIRST SECOND --json"
    equal "$(box secrets get --json | jq -r .envContents | tr -d '\r')" $'FIRST=1\nSECOND=2'
    printf 'A=1\n' | iconv -t UTF-16 >utf16.env
    fails_with 1 box secrets import utf16.env
    match "$err" "utf16.env is text in UTF-16. save it as UTF-8"
}
