# One box fills the disk: other boxes keep running, it can be deleted, and everything continues when there is space
# again. The tests have file systems of their own, without blocks that are reserved for root.

# shellcheck source=Tests/Acceptance/lib/own_server.sh
. "$ROOT/Tests/Acceptance/lib/own_server.sh"

fill() { # ID
    box ssh "$1" 'dd if=/dev/zero of=big bs=1M; dd if=/dev/zero of=small bs=512' 2>/dev/null || true
}

# The disk is full for boxes when one of them is paused or no write succeeds any more.
wait_full() {
    for _ in $(seq 300); do
        [ "$(ready_status)" != 503 ] || return 0
        sleep 0.1
    done
    fail "/readyz never said that the disk is full"
}

others_go_on() { # FILLED OTHER
    timeout 20 box ssh "$2" true
    equal "$(timeout 20 box exec "$2" 'echo alive')" alive
    timeout 20 box ssh "$2" 'sleep 0.1; cat /etc/hostname' >/dev/null
    fails_with 1 box new --json
    match "$out" insufficient_storage
    match "$out" "$1 uses the most of yours"
    match "$(cat "$SCRATCH/ready")" "the disk is full"
    timeout 20 box stop "$2" --json >/dev/null
    wait_state "$2" stopped
}

goes_on() { # OTHER
    for _ in $(seq 100); do
        [ "$(ready_status)" != 200 ] || break
        sleep 0.1
    done
    equal "$(ready_status)" 200
    resume_box "$1"
    equal "$(box ssh "$1" 'echo written >after && cat after')" written
    new_box
}

fill_and_delete() {
    local big other
    new_box
    big=$box
    new_box
    other=$box
    fill "$big" &
    defer "kill $!"
    wait_full
    others_go_on "$big" "$other"
    timeout 20 box delete "$big" --yes --json >/dev/null
    goes_on "$other"
}

test_ext4() { small_disk 200 mkfs.ext4 -q -m 0 && fill_and_delete; }

test_xfs() { small_disk 320 mkfs.xfs -q && fill_and_delete; }

# A process outside the boxes fills the disk and frees space again. The processes of a paused box then continue.
test_a_paused_box_goes_on() {
    small_disk 300 mkfs.ext4 -q -m 0
    new_box
    box ssh "$box" 'nohup sh -c "i=0; while :; do i=\$((i+1)); dd if=/dev/zero of=f bs=1M count=8 2>/dev/null; echo \$i >count; done" >/dev/null 2>&1 </dev/null &'
    fallocate -l "$(($(df --output=avail -B1 "$BOXD_DATA_DIR" | tail -n 1) - (12 << 20)))" "$BOXD_DATA_DIR/others"
    for _ in $(seq 100); do
        [ "$(box info "$box" --json | jq -r '.box.warnings[0] // ""' | cut -c1-6)" != paused ] || break
        sleep 0.1
    done
    match "$(box info "$box" --json | jq -r '.box.warnings[0]')" "paused: the server's disk is full"
    fails_with 255 box exec "$box" true --json
    match "$err" "is paused"
    rm "$BOXD_DATA_DIR/others"
    for _ in $(seq 100); do
        [ "$(box info "$box" --json | jq '.box | has("warnings")')" != false ] || break
        sleep 0.1
    done
    local before
    before=$(box ssh "$box" cat count)
    sleep 1
    [ "$(box ssh "$box" cat count)" -gt "$before" ] || fail "it doesn't go on"
}

test_a_fork_bomb_that_fills_the_disk() {
    local bomb other
    small_disk 200 mkfs.ext4 -q -m 0
    new_box
    bomb=$box
    new_box
    other=$box
    box ssh "$bomb" 'nohup sh -c "dd if=/dev/zero of=big bs=1M & bomb() { bomb | bomb & }; bomb" >/dev/null 2>&1 </dev/null & sleep 1' || true
    wait_full
    others_go_on "$bomb" "$other"
    timeout 20 box delete "$bomb" --yes --json >/dev/null
    goes_on "$other"
}

test_the_server_can_be_stopped() {
    small_disk 200 mkfs.ext4 -q -m 0
    new_box
    fill "$box" &
    defer "kill $!"
    wait_full
    timeout 60 box local down >/dev/null
    fails_with 7 curl -fsS "http://$BOXD_LISTEN/healthz"
    box local up >/dev/null
    equal "$(state_of "$box")" stopped
    box delete "$box" --yes --json >/dev/null
}

free_space() { df --output=avail -B1M "$BOXD_DATA_DIR" | tail -n 1; }

# A box's previous mount is unmounted late. It must not keep the space of files that are removed after the resume.
test_what_is_removed_after_a_resume_is_free() {
    local before
    small_disk 400 mkfs.ext4 -q -m 0
    new_box
    before=$(free_space)
    box ssh "$box" 'head -c 150000000 /dev/zero >big && sync big && stat big >/dev/null'
    [ "$(free_space)" -lt "$((before - 120))" ] || fail "nothing was written"
    stop_box "$box"
    resume_box "$box"
    box ssh "$box" 'rm big'
    for _ in $(seq 20); do
        [ "$(free_space)" -lt "$((before - 20))" ] || return 0
        sleep 0.1
    done
    fail "the space isn't free: $before MB before, $(free_space) now"
}

# Space from fallocate counts as a write of no process.
test_space_that_nobody_wrote() {
    local big other
    small_disk 300 mkfs.ext4 -q -m 0
    new_box
    big=$box
    new_box
    other=$box
    sleep 6
    box ssh "$big" 'i=0; while :; do i=$((i+1)); fallocate -l 4M f$i || fallocate -l 64K g$i || sleep 0.1; done' >/dev/null 2>&1 &
    defer "kill $!"
    wait_full
    for _ in $(seq 100); do
        [ "$(box info "$big" --json | jq -r '.box.warnings[0] // ""' | cut -c1-6)" != paused ] || break
        sleep 0.1
    done
    match "$(box info "$big" --json | jq -r '.box.warnings[0]')" "paused: the server's disk is full"
    # All boxes are paused until it is known whose disk has grown.
    for _ in $(seq 100); do
        [ "$(box info "$other" --json | jq '.box | has("warnings")')" != false ] || break
        sleep 0.1
    done
    others_go_on "$big" "$other"
    timeout 20 box delete "$big" --yes --json >/dev/null
    goes_on "$other"
}
