test_delete_removes_everything() {
    new_box
    local interface=$BOXD_INSTANCE-${box#bx_}
    box ssh "$box" 'dd if=/dev/zero of=file bs=1M count=50 status=none'
    ip link show "$interface" >/dev/null
    equal "$(box delete "$box" --yes --json)" "{\"id\":\"$box\",\"status\":\"deleted\"}"
    [ ! -e "$BOXD_DATA_DIR/boxes/$box" ] || fail "the disk is still there"
    ! ip link show "$interface" 2>/dev/null || fail "the interface is still there"
    equal "$(find /sys/fs/cgroup -name "$box")" ""
    equal "$(grep -c "$box" /proc/mounts)" 0
    fails_with 1 box info "$box" --json
    equal "$(jq -r .code <<<"$out")" not_found
    equal "$(jq -r .status <<<"$out")" 404
    match "$out" "box list"
}

test_delete_works_in_any_state() {
    new_box
    box stop "$box" --json >/dev/null
    box delete "$box" --yes --json >/dev/null
    api POST /boxes
    box delete "$(jq -r .box.id <<<"$body")" --yes --json >/dev/null
    new_box
    stop_box "$box"
    box delete "$box" --yes --json >/dev/null
}

test_delete_of_trees_that_no_path_reaches() {
    new_box
    box ssh "$box" 'python3 - <<PY
import os
for _ in range(60):
    os.mkdir("d" * 200); os.chdir("d" * 200)
open(b"bad \xff name", "w").close()
os.symlink("/nowhere", "dangling")
PY'
    stop_box "$box"
    equal "$(box delete "$box" --yes --json | jq -r .status)" deleted
    equal "$(find "$BOXD_DATA_DIR/boxes" -maxdepth 1 -name "*$box*")" ""
}
