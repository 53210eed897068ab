test_files_survive_stop_and_resume() {
    new_box
    box ssh "$box" -- bash -s <<'IN'
set -e
echo kept > kept
mkdir -m 750 directory && ln -s ../kept directory/link
sudo rm /etc/issue.net
sudo sh -c 'rm -rf /usr/share/bug && mkdir /usr/share/bug && echo new > /usr/share/bug/new'
sudo chown user /opt
IN
    local address
    address=$(ip_of "$box")
    equal "$(box stop "$box" --json | jq -r .status)" stopping
    wait_state "$box" stopped
    equal "$(box info "$box" --json | jq -r .box.snapshotAvailable)" true
    equal "$(box info "$box" --json | jq -r .box.ip)" null
    box stop "$box" --json >/dev/null  # Harmless.
    equal "$(box resume "$box" --json | jq -r .status)" resuming
    wait_state "$box" ready
    equal "$(ip_of "$box")" "$address" "the address stays"
    equal "$(box ssh "$box" 'cat kept directory/link; stat -c %a directory; ls /usr/share/bug; ls -d /etc/issue.net 2>&1 | grep -c "No such"; stat -c %U /opt')" \
        $'kept\nkept\n750\nnew\n1\nuser'
    box resume "$box" --json >/dev/null  # Harmless.
    equal "$(state_of "$box")" ready
}

test_many_lives() {
    new_box
    local life
    for life in $(seq 20); do
        box ssh "$box" "echo $life >> lives; touch life.$life; rm -f life.$((life - 1))"
        stop_box "$box"
        resume_box "$box"
    done
    equal "$(box ssh "$box" 'tail -n 1 lives; wc -l < lives; ls life.*')" $'20\n20\nlife.20'
    # The layers of the first starts were merged.
    [ "$(jq '.layers | length' "$BOXD_DATA_DIR/boxes/$box/machine.json")" -lt 16 ] || fail "too many layers"
}

test_processes_are_asked_to_end() {
    new_box
    box ssh "$box" "nohup bash -c 'trap \"echo asked > asked; exit\" TERM; while :; do sleep 0.1; done' >/dev/null 2>&1 &"
    sleep 0.3
    stop_box "$box"
    resume_box "$box"
    equal "$(box ssh "$box" cat asked)" asked
}

# Starts a process in $box that writes a file N seconds after SIGTERM.
slow_service() { # N
    box ssh "$box" "nohup python3 -c 'import signal, sys, time
def end(*_):
    time.sleep($1)
    open(\"/home/user/flushed\", \"w\").write(\"yes\")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
while True: time.sleep(1)' >/dev/null 2>&1 </dev/null & sleep 0.5"
}
flushed() { box ssh "$box" 'cat flushed 2>/dev/null; rm -f flushed'; }
stop_within() { # SECONDS BODY
    local begun=$SECONDS
    api POST "/boxes/$box/stop" "$2"
    equal "$status" 202 "$body"
    wait_state "$box" stopped
    [ $((SECONDS - begun)) -le "$1" ] || fail "stopping with $2 took $((SECONDS - begun)) s"
}

test_services_have_time_to_end() {
    new_box
    slow_service 5
    stop_within 8 '{}'
    resume_box "$box"
    equal "$(flushed)" yes "ten seconds are what they have"
    slow_service 5
    stop_within 4 '{"timeoutSeconds":1}'
    resume_box "$box"
    equal "$(flushed)" "" "they had one second"
    slow_service 5
    stop_within 2 '{"force":true,"timeoutSeconds":600}'
    resume_box "$box"
    slow_service 2
    stop_within 5 '{"timeoutSeconds":600}'
    resume_box "$box"
    equal "$(flushed)" yes "the stop ends as soon as they have"
    for seconds in -1 601 1.5 '"9"' true; do
        api POST "/boxes/$box/stop" "{\"timeoutSeconds\":$seconds}"
        equal "$status $(jq -r .code <<<"$body")" "400 invalid_timeout" "$seconds"
        match "$(jq -r .message <<<"$body")" timeoutSeconds
    done
    equal "$(state_of "$box")" ready
}

# A second stop can shorten the grace period of the first.
test_a_long_stop_can_be_cut_short() {
    new_box
    slow_service 100
    api POST "/boxes/$box/stop" '{"timeoutSeconds":600}'
    sleep 1
    equal "$(state_of "$box")" stopping
    stop_within 3 '{"force":true}'
    resume_box "$box"
    slow_service 100
    api POST "/boxes/$box/stop" '{"timeoutSeconds":600}'
    sleep 1
    local begun=$SECONDS
    box delete "$box" --yes --json
    [ $((SECONDS - begun)) -le 5 ] || fail "deleting took $((SECONDS - begun)) s"
}

test_the_next_boxd_goes_on_with_a_long_stop() {
    new_box
    slow_service 4
    api POST "/boxes/$box/stop" '{"timeoutSeconds":600}'
    sleep 1
    local begun=$SECONDS
    stop_boxd
    [ $((SECONDS - begun)) -le 4 ] || fail "boxd took $((SECONDS - begun)) s to end"
    start_boxd
    wait_state "$box" stopped
    resume_box "$box"
    equal "$(flushed)" yes
}

# An interactive shell ignores SIGTERM, and a process that was stopped with Ctrl-Z doesn't handle it.
test_an_open_shell_does_not_hold_a_stop_up() {
    new_box
    python3 - "$box" <<'PYTHON' &
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("box", ["box", "ssh", sys.argv[1]])
time.sleep(2)
os.write(terminal, b"sleep 500 & sleep 501\n")
time.sleep(1)
os.write(terminal, b"\x1a")
try:
    while os.read(terminal, 1000): pass
except OSError:
    pass
PYTHON
    sleep 4.5
    box ssh "$box" 'pgrep -c sleep' >"$SCRATCH/sleeps" || true
    equal "$(cat "$SCRATCH/sleeps")" 2
    stop_within 2 '{}'
}

test_the_time_to_live_stops_a_box() {
    new_box --ttl 2
    wait_state "$box" stopped
    box resume "$box" --ttl 600 --json >/dev/null
    wait_state "$box" ready
}

test_the_time_to_live_passes_while_boxd_is_down() {
    new_box
    box ssh "$box" 'echo kept > kept'
    box extend "$box" --ttl 2 --json >/dev/null
    kill_boxd
    sleep 3
    start_boxd
    wait_state "$box" stopped
    resume_box "$box"
    equal "$(box ssh "$box" cat kept)" kept
}

test_a_machine_that_ends_by_itself_is_archived() {
    new_box
    box ssh "$box" 'echo kept > kept; sync; sudo kill -TERM 1' || true
    wait_state "$box" stopped
    resume_box "$box"
    equal "$(box ssh "$box" cat kept)" kept
}

test_what_follows_a_stop_needs_no_wait() {
    new_box
    box ssh "$box" 'echo kept > kept'
    box stop "$box" --json >/dev/null
    box resume "$box" --json >/dev/null
    wait_state "$box" ready
    box stop "$box" --json >/dev/null
    local fork
    fork=$(box fork "$box" --json | jq -r 'select(.event == "ready") | .id')
    defer "box delete $fork --yes --json"
    equal "$(box ssh "$fork" cat kept)" kept
}
