# What survives boxd's end.

test_a_running_box_and_an_open_session_survive_kill_9() {
    new_box
    box ssh "$box" 'for i in 1 2 3 4 5 6 7 8; do echo tick; sleep 0.5; done' >ticks &
    local session=$!
    sleep 1
    kill_boxd
    sleep 1
    start_boxd
    wait "$session"
    equal "$(grep -c tick ticks)" 8
    equal "$(state_of "$box")" ready
    equal "$(box ssh "$box" 'echo $BOX_ID')" "$box"
    stop_box "$box"
    resume_box "$box"
}

test_kill_9_at_any_moment_of_a_create() {
    local delay id
    for delay in 0.000 0.010 0.020 0.030 0.040 0.050 0.060 0.070 0.080 0.100 0.120; do
        api POST /boxes || true
        id=$(jq -r '.box.id // empty' <<<"$body")
        sleep "$delay"
        kill_boxd
        start_boxd
        equal "$status" 202
        defer "box delete $id --yes --json"
        wait_state "$id" ready
        equal "$(box ssh "$id" 'echo $BOX_ID')" "$id" "killed after $delay s"
        box delete "$id" --yes --json >/dev/null
    done
}

test_kill_9_during_stop_resume_and_delete() {
    local delay
    new_box
    box ssh "$box" 'echo kept > kept'
    for delay in 0.000 0.010 0.030 0.060 0.100; do
        api POST "/boxes/$box/stop"
        sleep "$delay"
        kill_boxd
        start_boxd
        wait_state "$box" stopped
        api POST "/boxes/$box/resume"
        sleep "$delay"
        kill_boxd
        start_boxd
        wait_state "$box" ready
        equal "$(box ssh "$box" cat kept)" kept
    done
    curl -sS -X DELETE -H "Authorization: Bearer $(cat "$WORK/key")" "http://127.0.0.1:$PORT/api/box/v1/boxes/$box" >/dev/null 2>&1 &
    local deletion=$!
    sleep 0.02
    kill_boxd
    start_boxd
    wait "$deletion" || true
    box delete "$box" --yes --json >/dev/null 2>&1 || true
    [ ! -e "$BOXD_DATA_DIR/boxes/$box" ] || fail "the disk is still there"
}

test_a_lost_machine_keeps_its_disk() {
    new_box
    box ssh "$box" 'echo kept > kept'
    kill_boxd
    # Like a reboot: the machine's processes, its mounts and the runtime's state are gone.
    oci delete --force "$box"
    umount -l "$BOXD_DATA_DIR/boxes/$box/rootfs"
    start_boxd
    wait_state "$box" stopped
    resume_box "$box"
    equal "$(box ssh "$box" cat kept)" kept
}

test_kill_9_during_the_fork_of_a_running_box() {
    new_box
    box ssh "$box" 'mkdir many; cd many; seq 20000 | xargs touch; echo kept > ../kept'
    api POST "/boxes/$box/fork"
    equal "$status" 202
    local fork
    fork=$(jq -r .id <<<"$body")
    defer "box delete $fork --yes --json"
    # The box is frozen during the copy.
    for _ in $(seq 200); do [ -n "$(find "$BOXD_DATA_DIR/layers" -maxdepth 1 -name '*part*')" ] && break; sleep 0.01; done
    kill_boxd
    start_boxd
    # The new boxd thaws it, and freezes it again for the copy.
    wait_state "$fork" ready
    equal "$(box ssh "$box" 'cat kept')" kept
    equal "$(box ssh "$fork" 'ls many | wc -l')" 20000
    stop_box "$box"
}

test_a_resumed_box_answers_while_others_run() {
    new_box
    new_box
    local other=$box
    new_box
    for _ in 1 2 3; do
        stop_box "$box"
        resume_box "$box"
        equal "$(box ssh "$box" 'echo here')" here
        equal "$(box ssh "$other" 'echo there')" there
    done
}

# Swift's crash report has registers and the memory that they point to, which may contain keys. It is only written where
# SWIFT_BACKTRACE is set. That shows here that there is something to leave out.
test_a_crash_of_box_shows_no_memory() {
    new_box
    crashed_box() { "$@" timeout --signal=SEGV --kill-after=15 2 box ssh "$box" 'sleep 60' 2>&1 </dev/null || true; }
    no_match "$(crashed_box env -u SWIFT_BACKTRACE)" Registers
    match "$(crashed_box env SWIFT_BACKTRACE=enable=yes)" Registers
}

test_a_crash_of_boxd_shows_no_memory() {
    . "$ROOT/Tests/Acceptance/lib/own_server.sh"
    local pid
    own_server
    env -u SWIFT_BACKTRACE box local up --json >/dev/null
    pid=$(cat "$BOXD_DATA_DIR/boxd.pid")
    kill -SEGV "$pid"
    wait_gone "$pid"
    no_match "$(cat "$BOXD_DATA_DIR/boxd.log")" Registers
    SWIFT_BACKTRACE=enable=yes box local up --json >/dev/null
    kill -SEGV "$(cat "$BOXD_DATA_DIR/boxd.pid")"
    # The process continues afterwards, because the signal came from outside.
    for _ in $(seq 300); do
        ! grep -q Registers "$BOXD_DATA_DIR/boxd.log" || break
        sleep 0.1
    done
    match "$(cat "$BOXD_DATA_DIR/boxd.log")" Registers
}
