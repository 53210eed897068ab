test_json_lines() {
    box new --json --ttl 600 --name "first box" >lines
    local id
    id=$(head -n 1 lines | jq -r .id)
    defer "box delete $id --yes --json"
    [[ $id =~ ^bx_[23456789abcdefghjkmnpqrstuvwxyz]{8}$ ]] || fail "id $id"
    equal "$(head -n 1 lines)" "{\"event\":\"created\",\"id\":\"$id\",\"ttlSeconds\":600}"
    equal "$(jq -r .event lines | uniq | tr '\n' ' ')" "created state ready "
    equal "$(jq -r 'select(.event == "state") | .state' lines | sort | uniq -d)" "" "a state came twice"
    equal "$(tail -n 1 lines | jq -c keys_unsorted)" '["event","id","state","url","ip","desktopUrl","archiveAfter","commands"]'
    equal "$(tail -n 1 lines | jq -r .commands.ssh)" "box ssh $id"
    equal "$(box info "$id" --json | jq -r .box.name)" "first box"
    [[ $(tail -n 1 lines | jq -r .ip) =~ ^10\.[0-9.]+$ ]] || fail "no address"
}

test_no_auto_stop() {
    new_box --no-auto-stop
    equal "$(box info "$box" --json | jq -r .box.archiveAfter)" null
}

test_type_sets_the_machine_size() {
    new_box --type small
    local group
    group=/sys/fs/cgroup/memory/boxd/$BOXD_INSTANCE/$box/memory.limit_in_bytes
    [ -e "$group" ] || group=/sys/fs/cgroup/boxd/$BOXD_INSTANCE/$box/memory.max
    equal "$(cat "$group")" 4294967296
}

test_environment_reaches_shells_and_commands() {
    new_box --env "GREETING=it's \"fine\" \$HOME" --env $'LINES2=a\nb'
    equal "$(box ssh "$box" 'printf %s "$GREETING"')" "it's \"fine\" \$HOME"
    equal "$(box ssh "$box" 'printf %s "$LINES2"')" $'a\nb'
    equal "$(box ssh "$box" -- bash -lc 'printf %s "$GREETING"')" "it's \"fine\" \$HOME"
    equal "$(box ssh "$box" 'printf %s "$BOX_ID"')" "$box"
}

test_human_output_names_the_next_step() {
    box new >out 2>err </dev/null
    local id
    id=$(grep -o 'bx_[a-z0-9]*' out | head -n 1)
    defer "box delete $id --yes --json"
    match "$(cat out err)" "box ssh"
}

test_two_at_once_and_twenty_in_a_loop_are_distinct() {
    box new --json >a &
    local first=$!
    box new --json >b
    wait "$first"
    for i in $(seq 18); do box new --json >"loop.$i"; done
    cat a b loop.* | jq -r 'select(.event == "ready") | .id' >ids
    while read -r id; do defer "box delete $id --yes --json"; done <ids
    equal "$(sort -u ids | wc -l)" 20
    equal "$(cat a b loop.* | jq -r 'select(.event == "ready") | .ip' | sort -u | wc -l)" 20
    equal "$(box list --json | jq '[.boxes[] | select(.state == "ready")] | length >= 20')" true
    while read -r id; do equal "$(box ssh "$id" 'echo $BOX_ID')" "$id"; done < <(head -n 3 ids)
}

# As in a container that was entered with nsenter: the session's leader is outside.
test_current_is_kept_where_the_session_is_not_visible() {
    enter() { unshare --pid --fork --kill-child --mount-proc bash -c "$1"; }
    enter 'box new --json >lines
        timeout 60 box info current --json >with_timeout
        (box info current --json; true) >in_a_subshell
        box info current --json | cat >in_a_pipe'
    local id
    id=$(head -n 1 lines | jq -r .id)
    defer "box delete $id --yes --json"
    for out in with_timeout in_a_subshell in_a_pipe; do equal "$(jq -r .box.id "$out")" "$id" "$out"; done
    match "$(enter 'box info current --json; true')" "none was created in this shell"
}
