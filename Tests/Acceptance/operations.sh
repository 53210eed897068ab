# What is there for whoever runs boxd: health, metrics, the log, and stopping.

# A boxd of the test's own, on a port, a data directory and a network of its own.
own_boxd() { # [flags of boxd serve]
    export BOXD_DATA_DIR=$SCRATCH/data BOXD_INSTANCE=o$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
    PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export BOX_API_URL=http://127.0.0.1:$PORT
    WORK=$SCRATCH
    chmod 711 "$SCRATCH"
    mkdir "$BOXD_DATA_DIR"
    ln -s "$ROOT/.build/acceptance/images" "$BOXD_DATA_DIR/images"
    defer remove_remains
    defer stop_boxd
    start_boxd "$@"
    key=$(cat "$WORK/key")
    export BOX_API_KEY=$key
}

test_metrics_tell_of_boxes() {
    new_box
    local metrics
    metrics=$(curl -fsS "http://127.0.0.1:$PORT/metrics")
    equal "$(curl -fsS "http://127.0.0.1:$PORT/readyz")" '{"ok":true}'
    for line in 'boxd_http_requests_total{method="POST",route="/api/box/v1/boxes",status="202"}' 'boxd_boxes{state="ready"}' \
        'boxd_machine_operation_duration_seconds_count{operation="start",outcome="success"}' process_resident_memory_bytes; do
        match "$metrics" "$line"
    done
    no_match "$metrics" "$box"
    [ "$(sed -n 's/^boxd_machines_active //p' <<<"$metrics")" -ge 1 ] || fail "no machine is active"
    equal "$(curl -s -o /dev/null -w '%{http_code}' -H 'X-Forwarded-For: 192.0.2.1' "http://127.0.0.1:$PORT/metrics")" 401
}

test_the_log_is_json_and_has_no_secret() {
    own_boxd --log-format json --log-level debug
    curl -s -o /dev/null -H "Authorization: Bearer $key" "$BOX_API_URL/api/box/v1/boxes?limit=7&token=hidden"
    curl -s -o /dev/null -H "Authorization: Bearer hidden" "$BOX_API_URL/api/box/v1/me"
    stop_boxd
    jq -es 'length > 3 and all(.time != null and .level != null and .message != null)' "$WORK/boxd.log" >/dev/null
    equal "$(jq -r 'select(.route == "/api/box/v1/boxes") | .level, .method, .status' "$WORK/boxd.log" | paste -sd ' ')" "debug GET 200"
    equal "$(jq -r 'select(.route == "/api/box/v1/me") | .level, .status' "$WORK/boxd.log" | paste -sd ' ')" "info 401"
    ! grep -qE "hidden|$key" "$WORK/boxd.log" || fail "the log has a secret"
}

# At the signal a follower waits and a request is half sent: the one returns at once, the other is finished.
test_a_stop_finishes_what_is_under_way() {
    own_boxd
    new_box
    local pid
    pid=$(boxd_pid)
    python3 - "$PORT" "$key" "$box" "$pid" <<'PYTHON'
import os, signal, socket, sys, time

port, key, box, pid = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
base = f"/api/box/v1/boxes/{box}"


def connect(request):
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(request.encode())
    return connection


def status(connection):
    return connection.recv(65536).decode().split(" ")[1]


credentials = f"Host: x\r\nAuthorization: Bearer {key}\r\n"
follower = connect(f'GET {base}/events HTTP/1.1\r\n{credentials}If-None-Match: "0"\r\nPrefer: wait=30\r\n\r\n')
body = '{"name": "renamed while it stops"}'
slow = connect(f"PATCH {base} HTTP/1.1\r\n{credentials}Content-Length: {len(body)}\r\n\r\n{body[:9]}")
time.sleep(0.5)
begun = time.monotonic()
os.kill(pid, signal.SIGTERM)
assert status(follower) == "304", "the follower"
assert time.monotonic() - begun < 5, "the follower returns at once"
time.sleep(0.5)
try:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    sys.exit("a new connection was accepted")
except ConnectionRefusedError:
    pass
slow.sendall(body[9:].encode())
assert status(slow) == "200", "what is under way"
PYTHON
    wait_gone "$pid" || fail "boxd still runs"
    start_boxd
    equal "$(box info "$box" --json | jq -r .box.name)" "renamed while it stops"
}

test_a_stop_waits_no_longer_than_it_may() {
    own_boxd --stop-timeout 1
    local pid
    pid=$(boxd_pid)
    python3 - "$PORT" "$key" "$pid" <<'PYTHON'
import os, signal, socket, sys, time

port, key, pid = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
connection = socket.create_connection(("127.0.0.1", port), timeout=15)
connection.sendall(f"POST /api/box/v1/boxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 9\r\n\r\n{{".encode())
time.sleep(0.3)
os.kill(pid, signal.SIGTERM)
while True:
    try:
        if not connection.recv(65536):
            break
    except ConnectionResetError:
        break
PYTHON
    wait_gone "$pid" || fail "boxd still runs"
}
