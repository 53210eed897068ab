# Bodies that are too long, from common clients: each client reads its 413, boxd keeps nothing of the bodies, and it
# still stops when asked. Needs PyPI for httpx.

# The routes with a body, and their limits in bytes.
routes() { # ID
    local path
    for path in "POST /boxes" "PATCH /boxes/$1" "POST /boxes/$1/stop" "POST /boxes/$1/resume" "POST /boxes/$1/fork" \
        "POST /boxes/$1/sshkey" "POST /boxes/$1/prompt" "POST /boxes/$1/interrupt" "POST /boxes/$1/desktop" \
        "POST /api-keys" "POST /secrets" "POST /repos" "PUT /providers/codex"; do
        echo "$path 1048576"
    done
    echo "POST /boxes/$1/commands 8388608"
    echo "PUT /boxes/$1/files 66732196"
}

test_every_client_reads_its_413() {
    new_box
    local method path limit clients=$ROOT/Tests/Acceptance/request_bodies
    install_packages "$SCRATCH/venv" httpx==0.28.1
    routes "$box" >"$SCRATCH/routes"
    export API=$BOX_API_URL/api/box/v1 KEY
    KEY=$(cat "$WORK/key")
    "$SCRATCH/venv/bin/python" "$clients/client_httpx.py" <"$SCRATCH/routes"
    if command -v node >/dev/null; then node "$clients/client_fetch.mjs" <"$SCRATCH/routes"; fi
    while read -r method path limit; do
        head -c $((2 * limit)) /dev/zero >"$SCRATCH/body"
        local way
        for way in "-H Expect:" "-H Expect:100-continue" "-H Transfer-Encoding:chunked" \
            "-H Transfer-Encoding:chunked -H Expect:100-continue"; do
            # shellcheck disable=SC2086
            equal "$(curl -sS -m 30 -o "$SCRATCH/answer" -w '%{http_code}' -X "$method" -H "Authorization: Bearer $KEY" $way \
                --data-binary "@$SCRATCH/body" "$API$path")" 413 "$method $path with curl $way"
            equal "$(jq -r .code "$SCRATCH/answer")" body_too_large "$method $path with curl $way"
        done
    done <"$SCRATCH/routes"
}

test_boxd_ends_after_bodies_that_were_too_long() {
    own_boxd
    local pid before after
    pid=$(boxd_pid)
    send() {
        head -c 17000000 /dev/zero |
            curl -sS -m 30 -o /dev/null -X POST -H "Authorization: Bearer $key" -H Expect: -H Transfer-Encoding:chunked \
                --data-binary @- "$BOX_API_URL/api/box/v1/boxes/$1/commands"
    }
    new_box
    for _ in $(seq 40); do send "$box"; done
    before=$(ps -o rss= -p "$pid")
    for _ in $(seq 80); do send "$box"; done
    after=$(ps -o rss= -p "$pid")
    [ $((after - before)) -lt 16000 ] || fail "80 bodies cost $((after - before)) KiB"
    # A request that is being read, one that is being dropped, and one that was never complete.
    yes | head -c 100000000 | curl -sS -m 30 --limit-rate 1M -o /dev/null -X POST -H "Authorization: Bearer $key" -H Expect: \
        --data-binary @- "$BOX_API_URL/api/box/v1/boxes/$box/commands" 2>/dev/null &
    python3 - "$PORT" "$key" "$box" <<'PYTHON' &
import socket, sys, time
port, key, box = sys.argv[1:]
lines = [socket.create_connection(("127.0.0.1", int(port))) for _ in range(2)]
for line, length in zip(lines, (20_000_000, 1000)):
    head = f"POST /api/box/v1/boxes/{box}/commands HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n"
    line.sendall(head.encode() + b" " * 100)
time.sleep(30)
PYTHON
    local clients=$!
    defer "kill $clients"
    sleep 1
    box delete "$box" --yes --json
    kill "$clients"
    local begun=$SECONDS
    stop_boxd || fail "boxd doesn't end"
    [ $((SECONDS - begun)) -lt 5 ] || fail "boxd took $((SECONDS - begun)) s to end"
}

test_expect_100_continue() {
    new_box
    local key expect seconds
    key=$(cat "$WORK/key")
    head -c 1500000 /dev/zero | tr '\0' a >"$SCRATCH/c"
    jq -nc --rawfile c "$SCRATCH/c" '{path: "big", content: $c}' >"$SCRATCH/body"
    # Without a 100 Continue, curl would wait for a second.
    for expect in "Expect: 100-continue" "Expect:"; do
        seconds=$(curl -sS -o "$SCRATCH/answer" -w '%{time_total}' -X PUT -H "Authorization: Bearer $key" -H "$expect" \
            -d "@$SCRATCH/body" "$BOX_API_URL/api/box/v1/boxes/$box/files")
        equal "$(jq -r .type "$SCRATCH/answer")" file.written
        [ "${seconds%.*}" -lt 1 ] || fail "$expect took $seconds s"
    done
    # Nothing of the body is sent when the headers are enough to refuse it.
    curl -sS -v -o /dev/null -X PUT -H "Expect: 100-continue" -d "@$SCRATCH/body" \
        "$BOX_API_URL/api/box/v1/boxes/$box/files" 2>"$SCRATCH/trace"
    grep -q "^< HTTP/1.1 401" "$SCRATCH/trace" || fail "$(cat "$SCRATCH/trace")"
    ! grep -q "100 Continue" "$SCRATCH/trace" || fail "$(cat "$SCRATCH/trace")"
}
