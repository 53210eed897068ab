# Starts and ends the boxd under test. Needs WORK, PORT, BOXD_DATA_DIR and BOXD_INSTANCE.

# The OCI runtime that boxd chooses; see HostCheck.
oci() { "$(command -v runc || command -v crun)" --root "/run/boxd/$BOXD_INSTANCE/runtime" "$@"; }

start_boxd() { # [flags of boxd serve]
    setsid boxd serve --listen "127.0.0.1:$PORT" "$@" </dev/null >>"$WORK/boxd.log" 2>&1 &
    for _ in $(seq 200); do
        if curl -fs -o /dev/null "http://127.0.0.1:$PORT/healthz"; then break; fi
        sleep 0.05
    done
    curl -fsS -o /dev/null "http://127.0.0.1:$PORT/healthz" || { tail -n 20 "$WORK/boxd.log" >&2; return 1; }
    [ -s "$WORK/key" ] || boxd api-key create --name acceptance >"$WORK/key"
}

boxd_pid() { cat "$BOXD_DATA_DIR/boxd.pid" 2>/dev/null || true; }

wait_gone() { # PID
    for _ in $(seq 400); do
        [ -d "/proc/$1" ] && [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null)" != Z ] || return 0
        sleep 0.05
    done
    return 1
}

stop_boxd() {
    local pid
    pid=$(boxd_pid)
    [ -n "$pid" ] || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    wait_gone "$pid"
}

kill_boxd() {
    local pid
    pid=$(boxd_pid)
    kill -KILL "$pid"
    wait_gone "$pid"
}

# The mount points below the data directory. The options of overlays contain its directories too.
mounts_of_boxd() { awk -v start="$BOXD_DATA_DIR/" 'index($2, start) == 1 { print $2 }' /proc/mounts; }

# Everything that this instance has on the host: interfaces, rules, mounts, processes, cgroups, runtime state.
list_remains() {
    ip -o link | grep -o "$BOXD_INSTANCE-[^:@ ]*" || true
    nft list tables | grep "boxd_$BOXD_INSTANCE" || true
    iptables-save 2>/dev/null | grep "boxd_$BOXD_INSTANCE" || true
    mounts_of_boxd
    find /sys/fs/cgroup -type d -path "*/boxd/$BOXD_INSTANCE*" || true
    ls -d "/run/boxd/$BOXD_INSTANCE" "/run/boxd/$BOXD_INSTANCE.lock" 2>/dev/null || true
    pgrep -af "(runc|crun).*/$BOXD_INSTANCE/" || true
    [ -z "$(boxd_pid)" ] || echo "a pid file of boxd"
    find "$BOXD_DATA_DIR/boxes" "$BOXD_DATA_DIR/layers" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null || true
}

# Removes the remains of an aborted run, so that the next run starts on a clean host.
remove_remains() {
    local id pid
    set +e
    [ ! -d "/run/boxd/$BOXD_INSTANCE/runtime" ] || for id in $(oci list -q 2>/dev/null); do
        oci delete --force "$id" || true
    done
    mounts_of_boxd | sort -r | while read -r mount; do umount -l "$mount" || true; done
    for pid in $(ip -o link | grep -o "$BOXD_INSTANCE-[^:@ ]*"); do ip link delete "$pid" 2>/dev/null || true; done
    nft delete table inet "boxd_$BOXD_INSTANCE" 2>/dev/null || true
    nft delete table bridge "boxd_$BOXD_INSTANCE" 2>/dev/null || true
    rm -rf "/run/boxd/$BOXD_INSTANCE" "/run/boxd/$BOXD_INSTANCE.lock"
    rmdir /run/boxd 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path "*/boxd/$BOXD_INSTANCE*" -exec rmdir {} + 2>/dev/null || true
    find /sys/fs/cgroup -maxdepth 2 -type d -name boxd -exec rmdir {} + 2>/dev/null || true
}
