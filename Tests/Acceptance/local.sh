# `box local` with a data directory, a port and an instance of its own, beside the boxd under test.

own_server() {
    export BOXD_DATA_DIR=$SCRATCH/data BOXD_INSTANCE=l$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
    BOXD_LISTEN=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export BOXD_LISTEN
    unset BOX_API_URL
    chmod 711 "$SCRATCH"
    rm -rf "$HOME/.config"
    mkdir "$BOXD_DATA_DIR"
    ln -s "$ROOT/.build/acceptance/images" "$BOXD_DATA_DIR/images"
    defer "box local down"
}

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
