# What one boxd leaves to the next: its instance name on this host, its machines, and the remains of a killed boxd.

second_boxd() { boxd serve --listen 127.0.0.1:0 --data-dir "$SCRATCH/second"; }

test_a_second_boxd_of_the_same_name() {
    own_boxd
    new_box
    fails_with 1 second_boxd
    match "$err" "another boxd on this host is the instance $BOXD_INSTANCE (data directory $SCRATCH/data)"
    match "$err" "another name with --instance"
    equal "$(box ssh "$box" 'curl -s --max-time 1 http://192.0.2.1 >/dev/null; echo alive')" alive
    nft list table inet "boxd_$BOXD_INSTANCE" >/dev/null
}

# A user who could open the lock files could hold the locks, and boxd would never start.
test_only_root_can_hold_the_locks() {
    equal "$(stat -c %a "$BOXD_DATA_DIR/boxd.lock" "/run/boxd/$BOXD_INSTANCE.lock" | xargs)" "600 600"
    fails_with 66 setpriv --reuid=65534 --regid=65534 --clear-groups flock --nonblock "/run/boxd/$BOXD_INSTANCE.lock" true
}

test_boxes_that_another_data_directory_left_running() {
    own_boxd
    new_box
    kill_boxd
    fails_with 1 second_boxd
    match "$err" "boxes of the data directory $SCRATCH/data run as the instance $BOXD_INSTANCE"
    equal "$(oci list --format json | jq -r '.[].status')" running
    nft list table inet "boxd_$BOXD_INSTANCE" >/dev/null
    start_boxd
    equal "$(box ssh "$box" 'echo alive')" alive
    # After it has ended, the name is free.
    box delete "$box" --yes --json >/dev/null
    kill_boxd
    BOXD_DATA_DIR=$SCRATCH/second start_boxd
    kill -TERM "$(cat "$SCRATCH/second/boxd.pid")"
    wait_gone "$(cat "$SCRATCH/second/boxd.pid")"
}

# An OCI runtime that fails an action as often as the number in the file fail-ACTION.
failing_runtime() {
    cat >"$SCRATCH/runtime" <<'RUN'
#!/bin/bash
for word; do
    file=${0%/*}/fail-$word
    [ -e "$file" ] || continue
    left=$(cat "$file")
    [ "$left" -gt 0 ] || break
    echo $((left - 1)) >"$file"
    echo "failed on purpose" >&2
    exit 1
done
exec runc "$@"
RUN
    chmod 755 "$SCRATCH/runtime"
}

test_a_machine_that_is_removed_while_boxd_starts() {
    failing_runtime
    own_boxd --runtime "$SCRATCH/runtime"
    new_box
    kill_boxd
    echo 4 >"$SCRATCH/fail-list"
    start_boxd --runtime "$SCRATCH/runtime"
    equal "$(cat "$SCRATCH/fail-list")" 0
    equal "$(box ssh "$box" 'echo alive')" alive
}

secrets_on_disk() { find "$BOXD_DATA_DIR"/boxes/*/guest -name env.sh -o -name environment | wc -l; }

test_a_failed_resume_leaves_no_secrets() {
    failing_runtime
    own_boxd --runtime "$SCRATCH/runtime"
    new_box --env TOKEN=secret-4711
    equal "$(secrets_on_disk)" 2
    stop_box "$box"
    equal "$(secrets_on_disk)" 0
    echo 1 >"$SCRATCH/fail-create"
    box resume "$box" --json >/dev/null
    wait_state "$box" error
    equal "$(secrets_on_disk)" 0
    resume_box "$box"
    equal "$(box ssh "$box" 'echo $TOKEN')" secret-4711
}

test_what_a_killed_boxd_left() {
    local group
    own_boxd
    new_box
    stop_box "$box"
    kill_boxd
    echo "export TOKEN=secret" >"$BOXD_DATA_DIR/boxes/$box/guest/env.sh"
    for group in /sys/fs/cgroup /sys/fs/cgroup/pids; do
        [ ! -e "$group/cgroup.procs" ] || mkdir -p "$group/boxd/$BOXD_INSTANCE/bx_2345678a/deeper"
    done
    start_boxd
    equal "$(secrets_on_disk)" 0
    equal "$(find /sys/fs/cgroup -type d -path "*/boxd/$BOXD_INSTANCE/*")" ""
}
