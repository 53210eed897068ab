test_files_survive_stop_and_resume() {
    new_box
    box ssh "$box" -- bash -s <<'IN'
set -e
echo kept > kept
mkdir -m 750 folder && ln -s ../kept folder/link
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
    equal "$(box ssh "$box" 'cat kept folder/link; stat -c %a folder; ls /usr/share/bug; ls -d /etc/issue.net 2>&1 | grep -c "No such"; stat -c %U /opt')" \
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
    # The layers of the first lives were merged.
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
