# Each box's disk limit by project quotas. On kernels without them, as in many containers, only the warning of `boxd
# check` is tested. scripts/test-vm runs the rest.

# shellcheck source=Tests/Acceptance/lib/own_server.sh
. "$ROOT/Tests/Acceptance/lib/own_server.sh"

fork_of() { fork=$(box fork "$1" --json | jq -r 'select(.event == "ready") | .id'); }

# The size of the box's disk in megabytes, as df reports it.
size_in() { box ssh "$1" "df --output=size -B1M / | tail -n 1" | tr -d ' '; }

fails_to_write() { # ID MEGABYTES
    fails_with 1 box ssh "$1" "dd if=/dev/zero of=big bs=1M count=$2 status=none"
    # ext4 and XFS report different errors.
    match "${err/Disk quota exceeded/No space left}" "No space left"
}

is_limited() {
    local first total half
    no_match "$(boxd check --json | jq -c .hints)" "disk limit"
    total=$(df --output=size -B1M "$BOXD_DATA_DIR" | tail -n 1)
    # Rounded as df rounds.
    half=$((total / 2 + 1))
    new_box
    first=$box
    [ "$(size_in "$first")" -le "$half" ] || fail "df shows the host's disk"
    fails_to_write "$first" "$half"
    equal "$(ready_status)" 200
    equal "$(box info "$first" --json | jq '.box | has("warnings")')" false
    box exec "$first" true
    fails_with 1 box exec "$first" 'echo much | tee -a more more2 more3 >/dev/null && head -c 9000000 /dev/zero >more'

    # Beside the full box, other boxes still have their whole limit.
    new_box
    box ssh "$box" "head -c $((half * 1000000 / 2)) /dev/zero >half && sudo ln half /var/half && mv half other"
    box delete "$box" --yes --json >/dev/null

    # A fork of a running box has the copied files, and the limit. Not a fork of a full one, because two full ones fill
    # the disk.
    box ssh "$first" "rm big more; head -c $((half * 1000000 / 2)) /dev/zero >half"
    fork_of "$first"
    fails_to_write "$fork" "$((half * 3 / 4))"
    box ssh "$fork" 'rm big && echo again >small && cat small' >/dev/null
    box delete "$fork" --yes --json >/dev/null
    fails_to_write "$first" "$half"
    stop_box "$first"
    fork_of "$first"
    box ssh "$fork" 'echo again >small && rm big && mv small big'
    box delete "$fork" --yes --json >/dev/null
    resume_box "$first"
    fails_to_write "$first" "$half"
    box ssh "$first" 'rm big half && head -c 30000000 /dev/zero >big'
    [ "$(size_in "$first")" -le "$half" ] || fail "df shows the host's disk after a resume"
    [ "$(box ssh "$first" "df --output=used -B1M / | tail -n 1")" -ge 28 ] || fail "df doesn't count what was written"
    for _ in $(seq 50); do
        [ "$(box info "$first" --json | jq '.box.diskUsedBytes > 28000000 and .box.diskLimitBytes > 50000000')" != true ] || break
        sleep 0.2
    done
    equal "$(box info "$first" --json | jq '.box.diskUsedBytes > 28000000 and .box.diskLimitBytes > 50000000')" true
}

# Layers that forks share are merged, whatever their projects are.
is_merged() {
    local first round
    new_box
    first=$box
    for round in $(seq 18); do
        box ssh "$first" "mkdir -p d/\$RANDOM e$round && echo $round >d/f$round && ln -s f$round d/l$round && ln d/f$round e$round/hard && mv e$round d/"
        stop_box "$first"
        fork_of "$first"
        resume_box "$first"
        box delete "$fork" --yes --json >/dev/null
    done
    box ssh "$first" 'mv d dd && mv dd/l1 dd/l9 && mv dd/e2 e2 && ln dd/f3 f3 && sudo mv dd /srv/dd'
    equal "$(box ssh "$first" 'cat /srv/dd/l9 e2/hard f3 | tr -d "\n"')" 123
}

# The virtual machine's kernel has quotas. Elsewhere only a failing mount shows that they are missing.
limits_boxes() { # MOUNT OPTION, MKFS...
    if small_disk -o "$1" 400 "${@:2}"; then
        is_limited
        is_merged
    elif [ -n "${BOX_TEST_QUOTAS:-}" ]; then
        fail "this kernel has no $1"
    else
        echo "this kernel has no $1: scripts/test-vm tries it"
    fi
}

test_ext4() { limits_boxes prjquota mkfs.ext4 -q -m 0 -O project,quota; }

test_xfs() { limits_boxes pquota mkfs.xfs -q; }

test_without_quotas() {
    small_disk 200 mkfs.ext4 -q -m 0
    match "$(boxd check)" "hint: no box has a disk limit, because the ext4 at $SCRATCH/disk has no project quotas"
    match "$(boxd check --json | jq -r '.hints[0].remedy')" "tune2fs -O project,quota /dev/loop"
    equal "$(boxd check --json | jq -c .problems)" "[]"
}
