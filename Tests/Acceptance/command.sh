# Commands through the API: POST /boxes/{id}/commands, and `box exec` on top of it.

run() { # BODY (a JSON object)
    api POST "/boxes/$box/commands" "$1"
}
field() { jq -r "$1" <<<"$body"; }

test_command_and_its_result() {
    new_box
    run '{"command":"echo out; echo err >&2; pwd; exit 3"}'
    equal "$status" 200 "$body"
    equal "$(field .type)" command.finished
    equal "$(field .stdout)" "out
/home/user"
    equal "$(field .stderr)" err
    equal "$(field .exitCode)" 3
    equal "$(field .success)" false
    equal "$(field .timedOut)" false
    equal "$(field .cwd)" /home/user
    match "$(field .startedAt)" Z
    run '{"command":"id -un; echo $BOX_ID; sudo -n id -un; readlink /proc/self/fd/0"}'
    equal "$(field .stdout)" "user
$box
root
/dev/null"
    # The status is the one that a shell reports.
    run '{"command":"kill -9 $$"}'
    equal "$(field '[.exitCode, .signal, .success] | tostring')" '[137,"SIGKILL",false]'
    run '{"command":"kill -40 $$"}'
    equal "$(field '[.exitCode, .signal] | tostring')" '[168,"signal 40"]'
    run '{"command":"echo one >/dev/stdout && echo two >/dev/stderr"}'
    equal "$(field '[.stdout, .stderr, .exitCode] | tostring')" '["one\n","two\n",0]'
}

test_working_directory() {
    new_box
    run '{"command":"mkdir -p proj/sub; ln -s /etc out; ln -s proj in"}'
    run '{"command":"pwd","cwd":"proj/sub"}'
    equal "$(field .cwd)" /home/user/proj/sub
    run '{"command":"pwd -P","cwd":"in"}'
    equal "$(field .stdout)" /home/user/proj
    for directory in '~' '~/' '~/proj'; do
        api POST "/boxes/$box/commands" "$(jq -nc --arg cwd "$directory" '{command: "pwd", cwd: $cwd}')"
        match "$(field .stdout)" /home/user
    done
    equal "$(field .cwd)" /home/user/proj
    for directory in ../.. '~/../..' '~root' /etc out nowhere .bashrc '"; id'; do
        api POST "/boxes/$box/commands" "$(jq -nc --arg cwd "$directory" '{command: "pwd", cwd: $cwd}')"
        equal "$status" 400 "$directory: $body"
        equal "$(field .code)" invalid_path
    done
}

test_limits_of_a_command() {
    new_box
    for seconds in 0 601 -1 1.5 '"9"' true; do
        run "{\"command\":\"true\",\"timeoutSeconds\":$seconds}"
        equal "$status $(field .code)" "400 invalid_timeout" "$seconds"
    done
    run '{"command":"true","timeoutSeconds":null,"cwd":null}'
    equal "$status" 200
    run '{}'
    equal "$status $(field .code)" "400 command_required"
    run '{"command":"echo before; sleep 60 & sleep 60","timeoutSeconds":1}'
    equal "$(field '[.exitCode, .timedOut, .stdout] | tostring')" '[124,true,"before\n"]'
    run '{"command":"pgrep -c sleep"}'
    equal "$(field .stdout)" 0 "the whole process group is killed"
    # The script is longer than one argument of a program can be, and unlike any file name.
    python3 -c 'import json; print(json.dumps({"command": "# " + "x" * 300000 + "\necho \"$0\" end; exit 7"}))' >"$SCRATCH/long"
    api POST "/boxes/$box/commands" "@$SCRATCH/long"
    equal "$(field '[.exitCode, .stdout, .stderr] | tostring')" '[7,"bash end\n",""]'
    run '{"command":"head -c 15000000 /dev/zero | tr \"\\0\" x; head -c 12000000 /dev/zero | tr \"\\0\" y >&2"}'
    equal "$(field '[(.stdout | length), (.stderr | length), .stdoutTruncated, .stderrTruncated, .exitCode] | tostring')" \
        '[10000000,10000000,true,true,0]'
    run '{"command":"printf \"a\\377b\""}'
    equal "$(field .stdout)" $'a\xef\xbf\xbdb'
}

test_what_goes_on_in_the_background_lives_on() {
    new_box
    run '{"command":"(while :; do date; sleep 0.05; done) & yes & echo started"}'
    equal "$(field .stdout | grep -c started)" 1
    sleep 1
    # A date that has just ended is the loop's to wait for.
    run '{"command":"pgrep -cx yes; ps -e -o stat=,comm= | grep ^Z | grep -cv date; pkill -u user -P 1; sleep 0.3; pgrep -cx cat"}'
    equal "$(field '.stdout | split("\n") | join(" ")')" "1 0 0 " "it runs, no zombie is left, and what took its output went with it"
}

test_a_client_that_goes_away_takes_its_command_along() {
    new_box
    timeout 1 curl -sS -X POST -H "Authorization: Bearer $(cat "$WORK/key")" -d '{"command":"sleep 77","timeoutSeconds":60}' \
        "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/commands" || true
    for _ in $(seq 60); do
        run '{"command":"pgrep -cx sleep"}'
        [ "$(field .stdout)" != 0 ] || return 0
        sleep 0.1
    done
    fail "the command still runs"
}

test_boxes_that_dont_run() {
    new_box
    stop_box "$box"
    run '{"command":"true"}'
    equal "$status $(field .code)" "400 machine_not_running"
    api POST /boxes/bx_22222222/commands '{"command":"true"}'
    equal "$status $(field .code)" "404 not_found"
}

test_a_stop_ends_what_runs() {
    new_box
    run '{"command":"sleep 60","timeoutSeconds":60}' &
    local running=$!
    sleep 0.7
    begun=$SECONDS
    stop_box "$box"
    wait "$running" || true
    [ $((SECONDS - begun)) -lt 20 ] || fail "the command held the stop up"
}

test_exec() {
    new_box
    equal "$(box exec "$box" -- echo hi there)" "hi there"
    fails_with 5 box exec "$box" -- sh -c 'echo x; echo y >&2; exit 5'
    equal "$out $err" "x y"
    box exec "$box" --json -- sh -c 'echo x; exit 5' >"$SCRATCH/out"
    equal "$(jq -r '[.stdout, .exitCode] | tostring' "$SCRATCH/out")" '["x\n",5]'
    equal "$(jq -s length "$SCRATCH/out")" 1
}

test_many_at_a_time() {
    new_box
    local index answers=()
    for index in $(seq 12); do
        curl -sS -X POST -H "Authorization: Bearer $(cat "$WORK/key")" -d "{\"command\":\"sleep 0.3; echo $index\"}" \
            "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/commands" >"$SCRATCH/$index" &
        answers+=($!)
    done
    wait "${answers[@]}"
    for index in $(seq 12); do equal "$(jq -r .stdout "$SCRATCH/$index")" "$index"; done
}

test_forty_at_once_wait_for_their_turn() {
    new_box
    local index answers=() status
    for index in $(seq 40); do
        curl -sS -o "$SCRATCH/$index" -w '%{http_code}\n' -X POST -H "Authorization: Bearer $(cat "$WORK/key")" \
            -d '{"command":"sleep 0.5"}' "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/commands" >"$SCRATCH/status.$index" &
        answers+=($!)
    done
    wait "${answers[@]}"
    equal "$(cat "$SCRATCH"/status.* | sort | uniq -c | xargs)" "40 200"
    for index in $(seq 40); do equal "$(jq .exitCode "$SCRATCH/$index")" 0; done
}

# A fork bomb uses up the processes of its box. The error says so, and the box can be stopped and deleted.
test_a_full_process_table() {
    new_box
    run '{"command":"nohup bash -c \"trap : TERM; while :; do sleep 1000 & done\" >/dev/null 2>&1 & sleep 6"}'
    local tries
    for tries in $(seq 20); do
        run '{"command":"true"}'
        [ "$status" != 200 ] || { sleep 0.5; continue; }
        break
    done
    equal "$status $(field .code)" "409 box_failed" "after $tries tries: $body"
    match "$(field .message)" "process table is full"
    api GET "/boxes/$box/files?path=.bashrc"
    # A read needs fewer processes than a command, so it may succeed.
    [ "$status" = 200 ] || match "$(field .message)" "process table is full"
    local begun=$SECONDS
    box stop "$box" --force --json >/dev/null
    wait_state "$box" stopped
    [ $((SECONDS - begun)) -lt 10 ] || fail "stopping took $((SECONDS - begun)) s"
    resume_box "$box"
    run '{"command":"echo fine"}'
    equal "$(field .stdout)" fine
    box ssh "$box" 'nohup bash -c "trap : TERM; while :; do sleep 1000 & done" >/dev/null 2>&1 & sleep 5'
    begun=$SECONDS
    box delete "$box" --yes --json
    [ $((SECONDS - begun)) -lt 10 ] || fail "deleting took $((SECONDS - begun)) s"
}

# The copy of a large disk freezes its box. Commands in the box take longer meanwhile, but none fails.
test_commands_and_files_wait_for_a_fork() {
    new_box
    run '{"command":"head -c 1500000000 /dev/urandom >big; echo kept >small","timeoutSeconds":300}'
    equal "$status" 200
    run '{"command":"sleep 2; echo $SECONDS","timeoutSeconds":4}' &
    local running=$! fork
    sleep 0.5
    api POST "/boxes/$box/fork" '{}'
    equal "$status" 202
    fork=$(field .id)
    defer "box delete $fork --yes --json"
    api GET "/boxes/$box/files?path=small"
    equal "$status $(field .content)" "200 kept"
    run '{"command":"cat small","timeoutSeconds":2}'
    equal "$status $(field '[.stdout, .timedOut] | tostring')" '200 ["kept\n",false]'
    wait "$running" || fail "a command that ran already"
    wait_state "$fork" ready
}

# The owner of a box can replace its Python. That must harm neither boxd nor other boxes.
test_a_python_that_lies() {
    new_box
    local answer
    be_python() { # THE REST OF A SHELL SCRIPT
        printf '#!/bin/sh\n%s\n' "$1" | box ssh "$box" 'cat >/tmp/python; chmod 755 /tmp/python; sudo cp --remove-destination /tmp/python /usr/bin/python3'
    }
    says() { printf 'h=%q; printf "%%08x%%s" ${#h} "$h"; ' "$1"; }
    for answer in 'exit 0' 'echo garbage' 'printf zzzzzzzz' "$(says '{}') exec cat /dev/zero" \
        "$(says '{"size":4611686018427387904,"stdout":4611686018427387904}')" \
        "$(says '{"size":10,"exitCode":0,"stdout":4611686018427387904}') exec timeout 3 cat /dev/zero" \
        "$(says '{"size":-1,"stdout":-1}')" 'head -c 100000 /dev/zero >&2'; do
        be_python "$answer"
        run '{"command":"true","timeoutSeconds":1}'
        [ "$status" = 409 ] || [ "$status" = 200 ] || fail "$answer: $status $body"
        [ "${#body}" -lt 60500000 ] || fail "$answer: ${#body} bytes"
        for path in 'files?path=.bashrc' 'artifacts?path=.bashrc'; do
            api GET "/boxes/$box/$path" 2>/dev/null || true
            [ "$status" = 409 ] || [ "$status" = 200 ] || fail "$answer: $path: $status"
        done
        api GET /me
        equal "$status" 200 "boxd lives after: $answer"
    done
    # A program that answers and never ends: the file is complete, and the request doesn't wait for more.
    be_python "$(says '{"size":3}') printf abc; exec sleep 1000"
    equal "$(curl -sS -m 20 -H "Authorization: Bearer $(cat "$WORK/key")" \
        "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/artifacts?path=x")" abc
    new_box
    run '{"command":"echo fine"}'
    equal "$(field .stdout)" fine
}

test_output_that_is_not_utf8() {
    new_box
    box exec "$box" 'head -c 1000000 /dev/urandom >random; printf "a\377b"' >out 2>err
    equal "$(cat err)" "the output has bytes that aren't UTF-8, and they were replaced. --raw writes every byte"
    equal "$(box exec --json "$box" 'printf "\377"' | jq .hasReplacedBytes)" true
    equal "$(box exec --json "$box" 'printf ü' | jq .hasReplacedBytes)" null

    box exec --raw "$box" 'cat random; printf "\0\376" >&2; exit 0' >out 2>err
    equal "$(md5sum <out)" "$(box ssh "$box" 'md5sum <random')"
    equal "$(od -An -tx1 <err | tr -d ' ')" 00fe
    equal "$(box exec --raw --json "$box" 'printf "\377"' | jq -c '[.stdout, .stderr, .encoding, .exitCode]')" '["/w==","","base64",0]'
    # The exit status, signals, the timeout, the directory, the input and background processes are the command's own.
    fails_with 7 box exec --raw "$box" 'exit 7'
    fails_with 143 box exec --raw "$box" 'kill -TERM $$'
    fails_with 124 box exec --raw --timeout 1 "$box" 'printf "before\377"; sleep 60'
    equal "$(printf %s "$out" | od -An -c | tr -d ' ')" 'before377'
    equal "$(box exec --raw --cwd /home "$box" pwd 2>&1 || true)$(box exec --raw "$box" 'pwd; readlink /proc/self/fd/0; echo "$BOX_ID"')" \
        "$(box exec --cwd /home "$box" pwd 2>&1 || true)$(box exec "$box" 'pwd; readlink /proc/self/fd/0; echo "$BOX_ID"')"
    local begun=$SECONDS
    equal "$(box exec --raw "$box" 'sleep 30 & echo started')" started
    [ $((SECONDS - begun)) -lt 20 ] || fail "a background process was waited for"
    equal "$(box exec --raw "$box" pgrep -c sleep)" 1
    box exec --raw "$box" 'head -c 9000000 /dev/zero' >out 2>err || true
    match "$(cat err)" "the command's output was cut"
    [ "$(wc -c <out)" -gt 7000000 ] || fail "only $(wc -c <out) bytes"
}

test_a_signal_has_an_exit_code() {
    new_box
    fails_with 137 box exec "$box" 'kill -KILL $$'
    fails_with 143 box exec "$box" 'kill -TERM $$'
}
