# `box local` with a data directory, a port and an instance of its own, beside the boxd under test.

# shellcheck source=Tests/Acceptance/lib/own_server.sh
. "$ROOT/Tests/Acceptance/lib/own_server.sh"

test_up_twice_and_down() {
    own_server
    box local up --json >up
    equal "$(jq -r '.event, .started' up | tr '\n' ' ')" "local_up true "
    equal "$(box local up --json | jq -r .started)" false
    match "$(box local status)" "runs at"
    equal "$(box list --json | jq -c .boxes)" "[]"
    new_box
    equal "$(box ssh "$box" 'echo in a box')" "in a box"
    box delete "$box" --yes --json >/dev/null
    box local logs | grep -q "listening on"
    local pid
    pid=$(cat "$BOXD_DATA_DIR/boxd.pid")
    box local down
    wait_gone "$pid" || fail "boxd still runs"
    equal "$(list_remains)" ""
    fails_with 1 box list --json
    match "$out" "box local up"
}

test_down_stops_running_boxes() {
    own_server
    box local up --json >/dev/null
    new_box
    box ssh "$box" 'echo kept > kept'
    box local down
    equal "$(ip -o link | grep -c "$BOXD_INSTANCE-")" 0
    box local up --json >/dev/null
    equal "$(state_of "$box")" stopped
    resume_box "$box"
    equal "$(box ssh "$box" cat kept)" kept
    box delete "$box" --yes --json >/dev/null
}

test_up_refuses_another_servers_port() {
    own_server
    fails_with 1 box local up --json --listen "127.0.0.1:$PORT"
    match "$out" "another server"
    equal "$(box config --json | jq -r .loggedIn)" false
}

test_a_taken_port_leaves_nothing() {
    own_server
    python3 -m http.server --bind 127.0.0.1 "${BOXD_LISTEN##*:}" >/dev/null 2>&1 &
    defer "kill $!"
    for _ in $(seq 200); do ! curl -s -o /dev/null "http://$BOXD_LISTEN/" || break; sleep 0.05; done
    fails_with 1 boxd serve --listen "$BOXD_LISTEN"
    match "$err" "something else listens"
    equal "$(list_remains)" ""
}
