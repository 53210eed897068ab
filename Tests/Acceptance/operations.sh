# The operator's interfaces: health, metrics, the log, and stopping.

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

# At the signal, a follower waits and a request is half sent. The follower returns at once, and the request is finished.
test_a_stop_finishes_what_is_under_way() {
    own_boxd
    new_box
    local pid
    pid=$(boxd_pid)
    python3 - "$PORT" "$key" "$box" "$pid" <<'PYTHON'
import os, re, signal, socket, sys, time

port, key, box, pid = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
base = f"/api/box/v1/boxes/{box}"


def connect(request):
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(request.encode())
    return connection


def status(connection):
    return connection.recv(65536).decode().split(" ")[1]


credentials = f"Host: localhost\r\nAuthorization: Bearer {key}\r\n"
page = connect(f"GET {base}/events HTTP/1.1\r\n{credentials}\r\n").recv(65536).decode()
tag = re.search(r"(?i)\r\netag: (\S+)", page)[1]
follower = connect(f"GET {base}/events HTTP/1.1\r\n{credentials}If-None-Match: {tag}\r\nPrefer: wait=30\r\n\r\n")
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
connection.sendall(f"POST /api/box/v1/boxes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Length: 9\r\n\r\n{{".encode())
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

# Clients without a key open more connections than boxd serves, and send anything.
test_a_flood_without_a_key_keeps_nobody_waiting() {
    own_boxd
    python3 - "$PORT" "$key" "$WORK/boxd.log" <<'PYTHON'
import os, selectors, socket, sys, threading, time

port, key, log = int(sys.argv[1]), sys.argv[2], sys.argv[3]
size = os.path.getsize(log)
end = time.monotonic() + 8


def hold():
    connections = []
    while time.monotonic() < end:
        try:
            while len(connections) < 500:
                connection = socket.create_connection(("127.0.0.1", port), timeout=2)
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                connections.append(connection)
        except OSError:
            pass
        time.sleep(0.5)
        connections = connections[250:]


def fill():
    request = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                for _ in range(50):
                    connection.sendall(request)
                    connection.recv(65536)
        except OSError:
            pass


threads = [threading.Thread(target=hold), threading.Thread(target=fill)]
for thread in threads:
    thread.start()
time.sleep(1)
slowest = 0
while time.monotonic() < end - 1:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET /api/box/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        assert b" 200 " in connection.recv(65536)[:20], "with a key"
    slowest = max(slowest, time.monotonic() - begun)
    time.sleep(0.2)
for thread in threads:
    thread.join()
written = os.path.getsize(log) - size
print(f"slowest {slowest:.3f} s, {written} bytes of log")
assert slowest < 1, f"{slowest} s"
assert written < 30000, f"{written} bytes of log"
PYTHON
}

test_other_names_are_refused_on_loopback() {
    own_boxd --host boxes.example.com
    local code
    for name in boxes.example.com BOXES.example.com:8443 localhost "127.0.0.1:$PORT"; do
        code=$(curl -s -o "$SCRATCH/answer" -w '%{http_code}' -H "Host: $name" "$BOX_API_URL/metrics")
        equal "$code" 200 "$name"
    done
    code=$(curl -s -o "$SCRATCH/answer" -w '%{http_code}' -H "Host: evil.example" "$BOX_API_URL/metrics")
    equal "$code" 421
    match "$(cat "$SCRATCH/answer")" "start boxd with --host evil.example"
    fails_with 2 boxd serve --host http://a.example
    match "$err" "use a name"
}

# boxd refuses another server's key or database, and a damaged one.
test_files_that_do_not_belong_together() {
    own_boxd
    api POST /secrets '{"envContents":"A=1"}'
    stop_boxd
    local data=$BOXD_DATA_DIR listen=127.0.0.1:$PORT
    cp -a "$data/secret.key" "$data/boxd.sqlite" "$SCRATCH/"
    head -c 32 /dev/urandom >"$data/secret.key"
    fails_with 1 boxd serve --listen "$listen"
    match "$err" "$data/secret.key is not the one that the database's values were sealed with"
    rm "$data/secret.key"
    fails_with 1 boxd serve --listen "$listen"
    match "$err" "$data/secret.key is missing"
    cp -a "$SCRATCH/secret.key" "$data/"
    python3 - "$data/boxd.sqlite" <<'PYTHON'
import sqlite3, sys

with sqlite3.connect(sys.argv[1]) as database:
    database.execute("INSERT INTO grdb_migrations VALUES ('99 of the future')")
    database.execute("UPDATE fact SET value = '7.8.9' WHERE name = 'version'")
PYTHON
    fails_with 1 boxd serve --listen "$listen"
    match "$err" "install boxd 7.8.9 or a newer one"
    rm -f "$data"/boxd.sqlite*
    for _ in missing empty; do
        fails_with 1 boxd serve --listen "$listen"
        match "$err" "restore it from a backup"
        fails_with 1 boxd api-key create
        match "$err" "to begin with a new server, move secret.key"
        touch "$data/boxd.sqlite"
    done
    head -c 100000 /dev/urandom >"$data/boxd.sqlite"
    fails_with 1 boxd serve --listen "$listen"
    match "$err" "the database $data/boxd.sqlite is damaged"
    rm -f "$data"/boxd.sqlite*
    cp -a "$SCRATCH/boxd.sqlite" "$data/"
    start_boxd
    api GET /secrets
    equal "$(jq -r .envContents <<<"$body")" "A=1"
}

test_a_log_file_that_rotates() {
    local log=$SCRATCH/data/boxd.log
    own_boxd --log-file "$log"
    match "$(cat "$log")" "listening on"
    head -c 11000000 /dev/zero | tr '\0' x >>"$log"
    for _ in $(seq 60); do [ ! -e "$log.1" ] || break; sleep 0.1; done
    box rename bx_22222222 x --json >/dev/null || true
    match "$(cat "$log")" 404
    [ "$(stat -c %s "$log")" -lt 100000 ] || fail "the log is large"
    equal "$(stat -c %a "$log")" 600
    fails_with 1 boxd serve --listen "127.0.0.1:$PORT" --log-file "$SCRATCH/other.log" --data-dir "$SCRATCH/data/boxd.log"
    match "$err" "boxd.log"
}
