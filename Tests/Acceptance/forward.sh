# A web server in the box, on that port of its loopback: serve PORT
serve() {
    box ssh "$box" "mkdir -p site && cd site && head -c 3000000 /dev/urandom >blob && echo hello >index.html
        nohup python3 -m http.server --bind 127.0.0.1 $1 >/dev/null 2>&1 </dev/null &
        until curl -fs -o /dev/null http://127.0.0.1:$1/; do sleep 0.05; done"
}

# Starts a forward and waits until ./lines has LINES lines. Its process is $forwarder: start_forward LINES [ARGUMENTS]
start_forward() {
    local expected=$1
    shift
    : >lines  # An earlier forward's are not this one's.
    # A shell starts background processes with SIGINT ignored.
    env --default-signal=INT box forward "$box" "$@" --json >lines 2>errors &
    forwarder=$!
    defer "kill $forwarder"
    for _ in $(seq 200); do
        [ "$(wc -l <lines)" -lt "$expected" ] || return 0
        sleep 0.05
    done
    fail "no forward: $(cat lines errors)"
}

# The local port in a line: local_port LINE
local_port() { sed -n "$1p" lines | jq .local.port; }

# Waits for the forward's end: ends_with STATUS
ends_with() {
    local status=0
    wait "$forwarder" || status=$?
    equal "$status" "$1" "$(cat lines errors)"
}

test_a_web_server_in_a_box() {
    new_box
    serve 3000
    start_forward 1 --remote 3000 --local 0
    local port
    port=$(local_port 1)
    equal "$(cat lines)" "{\"event\":\"forwarding\",\"id\":\"$box\",\"local\":{\"host\":\"127.0.0.1\",\"port\":$port},\"remote\":{\"host\":\"127.0.0.1\",\"port\":3000}}"
    equal "$(curl -fsS "http://127.0.0.1:$port/")" hello
    curl -fsS -o blob "http://127.0.0.1:$port/blob"
    equal "$(md5sum <blob)" "$(box ssh "$box" 'md5sum <site/blob')"
    # Many concurrent connections, then one after another.
    seq 200 | xargs -P 50 -I{} curl -fsS -o /dev/null "http://127.0.0.1:$port/"
    kill -INT "$forwarder"
    ends_with 130
    equal "$(cat errors)" ""
    fails_with 7 curl -sS "http://127.0.0.1:$port/"
}

test_several_ports_and_a_closed_one() {
    new_box
    serve 3000
    start_forward 2 0:3000 0:3001
    equal "$(curl -fsS "http://127.0.0.1:$(local_port 1)/")" hello
    is_reset "http://127.0.0.1:$(local_port 2)/"
    equal "$(curl -fsS "http://127.0.0.1:$(local_port 1)/")" hello
    serve 3001
    equal "$(curl -fsS "http://127.0.0.1:$(local_port 2)/")" hello
}

test_a_taken_port() {
    new_box
    start_forward 1 --remote 3000 --local 0
    fails_with 1 box forward "$box" --remote 3000 --local "$(local_port 1)"
    match "$err" "port $(local_port 1) of 127.0.0.1 is taken here; choose another"
}

test_a_lost_connection_is_made_again() {
    new_box
    serve 3000
    start_forward 1 --remote 3000 --local 0
    # The sshd process of the one open session, which is the forward's.
    box ssh "$box" "sudo pkill -KILL -f '^sshd: user( |@notty|\$)'" || true
    for _ in $(seq 200); do [ "$(wc -l <lines)" -lt 3 ] || break; sleep 0.05; done
    equal "$(jq -r .event lines | xargs)" "forwarding reconnecting forwarding"
    equal "$(local_port 3)" "$(local_port 1)"
    equal "$(curl -fsS "http://127.0.0.1:$(local_port 1)/")" hello
}

test_a_stopped_box_ends_it() {
    new_box
    start_forward 1 --remote 3000 --local 0
    box stop "$box" --json >/dev/null
    ends_with 255
    equal "$(tail -n 1 lines | jq -r '.event + " " + .code')" "error machine_not_running"
    match "$(tail -n 1 lines)" "box resume $box"
}

test_a_deleted_box_ends_it() {
    new_box
    start_forward 1 --remote 3000 --local 0
    box delete "$box" --yes --json >/dev/null
    ends_with 255
    equal "$(tail -n 1 lines | jq -r .error)" "$box was deleted meanwhile"
}

test_reverse_and_socks() {
    new_box
    serve 3000
    start_forward 1 --remote 3000 --local 0
    local here
    here=$(local_port 1)
    # Port 8080 of the box leads to that port of this machine, and so back into the box.
    start_forward 2 --reverse "8080:$here" --socks 0
    equal "$(sed -n 1p lines)" "{\"event\":\"forwarding\",\"id\":\"$box\",\"direction\":\"socks\",\"local\":{\"host\":\"127.0.0.1\",\"port\":$(local_port 1)}}"
    equal "$(sed -n 2p lines)" "{\"event\":\"forwarding\",\"id\":\"$box\",\"direction\":\"reverse\",\"local\":{\"host\":\"127.0.0.1\",\"port\":$here},\"remote\":{\"host\":\"localhost\",\"port\":8080}}"
    equal "$(curl -fsS --socks5-hostname "127.0.0.1:$(local_port 1)" http://127.0.0.1:8080/)" hello
    equal "$(box ssh "$box" curl -fsS http://127.0.0.1:8080/)" hello
    # Both are restored with a new connection, and so is the first forward.
    box ssh "$box" "sudo pkill -KILL -f '^sshd: user( |@notty|\$)'" || true
    for _ in $(seq 400); do [ "$(wc -l <lines)" -lt 5 ] || break; sleep 0.05; done
    for _ in $(seq 100); do [ "$(box ssh "$box" 'curl -fs http://127.0.0.1:8080/')" != hello ] || break; sleep 0.05; done
    equal "$(box ssh "$box" curl -fsS http://127.0.0.1:8080/)" hello
}

test_both_loopback_addresses_of_both_sides() {
    new_box
    # Like development servers that listen on "localhost": on ::1 only.
    box ssh "$box" 'mkdir -p site && echo six >site/index.html && cd site
        nohup python3 -m http.server --bind ::1 5173 >/dev/null 2>&1 </dev/null &
        until curl -fs -o /dev/null "http://[::1]:5173/"; do sleep 0.05; done'
    start_forward 4 0:5173 0:localhost:5173 '0:[::1]:5173' 0:127.0.0.1:5173
    local line port
    for line in 1 2 3 4; do
        port=$(local_port "$line")
        equal "$(curl -fsS "http://127.0.0.1:$port/")" six "line $line"
        equal "$(curl -fsS "http://[::1]:$port/")" six "line $line"
    done
    port=$(local_port 1)
    fails_with 1 box forward "$box" "$port:5173"
    # With an address, the forward listens on that one only.
    start_forward 1 127.0.0.1:0:5173
    equal "$(curl -fsS "http://127.0.0.1:$(local_port 1)/")" six
    fails_with 7 curl -sS "http://[::1]:$(local_port 1)/"
    # And a port of the box that leads to this machine.
    serve_here
    start_forward 1 --reverse "8080:$port"
    equal "$(box ssh "$box" 'curl -fsS http://127.0.0.1:8080/here.txt; curl -fsS "http://[::1]:8080/here.txt"')" $'from-here\nfrom-here'
}

serve_here() {
    echo from-here >here.txt
    python3 -u -m http.server --bind 127.0.0.1 0 >here.log 2>&1 &
    defer "kill $!"
    for _ in $(seq 200); do grep -q port here.log && break; sleep 0.05; done
    port=$(sed -nE 's/.* port ([0-9]+) .*/\1/p' here.log)
}
