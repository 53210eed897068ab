# Root in a box has no privileges outside it.

test_no_file_of_the_host() {
    new_box
    echo secret >"$WORK/secret"
    chmod 600 "$WORK/secret"
    fails_with 1 box ssh "$box" "sudo cat $WORK/secret"
    equal "$(box ssh "$box" 'sudo find / -xdev -name boxd.sqlite 2>/dev/null | wc -l')" 0
    # Through init's root, a mounted block device, or a raw device node.
    equal "$(box ssh "$box" 'sudo ls /proc/1/root/home')" user
    fails_with 1 box ssh "$box" 'sudo mknod /tmp/disk b 254 0 && sudo head -c 1 /tmp/disk >/dev/null'
    equal "$(box ssh "$box" 'sudo sh -c "echo 1 > /proc/sys/kernel/panic" 2>&1 | grep -c "Read-only"')" 1
    equal "$(stat -c %u "$BOXD_DATA_DIR/boxes/$box/upper/var/log/sshd.log" | awk '{ print ($1 >= 1879048192) }')" 1
}

test_no_process_of_the_host_or_of_another_box() {
    new_box
    local other=$box
    box ssh "$other" 'nohup sleep 4242 >/dev/null 2>&1 &'
    sleep 4243 &
    defer "kill $!"
    new_box
    equal "$(box ssh "$box" 'sudo ps -eo args | grep -c "[s]leep 424"' || true)" 0
    fails_with 1 box ssh "$box" "sudo kill -0 $(cat "$BOXD_DATA_DIR/boxd.pid")"
}

test_no_address_of_another_box_or_of_the_host() {
    new_box
    local other_address gateway
    other_address=$(ip_of "$box")
    new_box
    gateway=${other_address%.*}.1
    equal "$(box ssh "$box" "timeout 2 bash -c 'exec 3<>/dev/tcp/$other_address/22' 2>/dev/null && echo reached || echo walled")" walled
    # The same through the gateway's hardware address.
    equal "$(box ssh "$box" "sudo ip neigh replace $other_address lladdr \$(ip neigh show $gateway | awk '{print \$3}') dev eth0 2>/dev/null;
        timeout 2 bash -c 'exec 3<>/dev/tcp/$other_address/22' 2>/dev/null && echo reached || echo walled")" walled
    gateway=$(box ssh "$box" "ip route show default | awk '{print \$3}'")
    python3 -m http.server --bind "$gateway" 8123 >/dev/null 2>&1 &
    defer "kill $!"
    curl -fs --retry 20 --retry-delay 1 --retry-connrefused -o /dev/null "http://$gateway:8123/"
    equal "$(box ssh "$box" "timeout 2 bash -c 'exec 3<>/dev/tcp/$gateway/8123' 2>/dev/null && echo reached || echo walled")" walled
}

test_no_false_address() {
    new_box
    local other_address other_hardware
    other_address=$(ip_of "$box")
    other_hardware=$(box ssh "$box" cat /sys/class/net/eth0/address)
    local victim=$box
    new_box
    # Root in a box has no NET_ADMIN, so it can't set an address.
    fails_with 2 box ssh "$box" "sudo ip address add $other_address/20 dev eth0"
    # With a raw socket it can send any packet: ARP, and a ping with another box's source address, whose reply that box
    # would get.
    cat >"$SCRATCH/ping.py" <<'PY'
import socket, struct, sys
source, hardware, gateway = socket.inet_aton(sys.argv[1]), bytes.fromhex(sys.argv[2].replace(":", "")), socket.inet_aton(sys.argv[3])
def sum16(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
icmp = struct.pack("!BBHHH", 8, 0, 0, 4711, 1)
icmp = icmp[:2] + struct.pack("!H", sum16(icmp)) + icmp[4:]
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 1, 0, source, gateway)
ip = ip[:10] + struct.pack("!H", sum16(ip)) + ip[12:]
own = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2, hardware, source, b"\xff" * 6, source)
for sender in (hardware, own):
    for _ in range(20):
        s.send(b"\xff" * 6 + sender + b"\x08\x06" + arp)
        s.send(own + sender + b"\x08\x00" + ip + icmp)
PY
    cat >"$SCRATCH/listen.py" <<'PY'
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(0.1)
answers, end = 0, time.time() + 3
print("listening", flush=True)
while time.time() < end:
    try: packet = s.recv(200)
    except TimeoutError: continue
    answers += packet[20] == 0 and struct.unpack("!H", packet[24:26])[0] == 4711
print(answers)
PY
    local gateway own
    gateway=$(box ssh "$box" "ip route show default | awk '{print \$3}'")
    own=$(ip_of "$box")
    answers_at() { # ID, while the box sends under that SOURCE and HARDWARE address
        box ssh "$1" 'sudo python3 -' <"$SCRATCH/listen.py" >"$SCRATCH/answers" &
        for _ in $(seq 100); do [ ! -s "$SCRATCH/answers" ] || break; sleep 0.05; done
        box ssh "$box" "sudo python3 - $2 $3 $gateway" <"$SCRATCH/ping.py"
        wait $!
        tail -n 1 "$SCRATCH/answers"
    }
    equal "$(answers_at "$victim" "$other_address" "$other_hardware")" 0
    [ "$(answers_at "$box" "$own" "$(box ssh "$box" cat /sys/class/net/eth0/address)")" -gt 0 ] || fail "the ping itself doesn't work"
    equal "$(ip neigh show "$other_address" | grep -c "$(box ssh "$box" cat /sys/class/net/eth0/address)")" 0
    equal "$(box ssh "$victim" 'echo reached')" reached
}

# Nor while another program has removed boxd's rules.
test_no_router_advertisements() {
    new_box
    equal "$(cat "/proc/sys/net/ipv6/conf/$BOXD_INSTANCE-${box#bx_}/disable_ipv6")" 1
    equal "$(ip -6 -o address show dev "$BOXD_INSTANCE-${box#bx_}")" ""
}

test_no_taking_of_the_kernels_tables() {
    new_box
    # inotify instances, which would otherwise count against the limit of the host's root.
    equal "$(box ssh "$box" 'sudo python3 -c "
import ctypes
libc = ctypes.CDLL(None); made = 0
while libc.inotify_init() >= 0: made += 1
print(made <= 512)"')" True
    equal "$(box ssh "$box" 'cat /proc/sys/user/max_user_namespaces')" 1024
    equal "$(box ssh "$box" 'cat /proc/sys/user/max_time_namespaces')" 1024
    equal "$(box ssh "$box" 'ulimit -Hi')" 2048
    [ "$(cat /proc/sys/kernel/pid_max)" -ge 4194304 ] || fail "a few boxes can take every process number"
}

test_memory_limit() {
    new_box --type small
    # Programs in the box size themselves by what they read: cgroup v2 has the first file, v1 the second.
    equal "$(box ssh "$box" 'cd /sys/fs/cgroup && cat memory.max memory/memory.limit_in_bytes 2>/dev/null')" $((4 << 30))
    # 5 GiB in a box of 4: the kernel kills the process, and the box keeps running.
    fails_with 137 box ssh "$box" 'python3 -c "b = bytearray(5 << 30); print(len(b))"'
    equal "$(box ssh "$box" 'echo alive')" alive
    equal "$(state_of "$box")" ready
}

test_process_limit() {
    new_box
    equal "$(box ssh "$box" 'python3 - 2>/dev/null <<PY
import os, time
made = 0
try:
    while made < 6000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except BlockingIOError:
    pass
print(made > 3000 and made < 4096)
PY
pkill -KILL -f "^python3" || true')" True
    equal "$(box ssh "$box" 'echo alive')" alive
}

test_ids_are_the_boxs_own() {
    new_box
    local first
    first=$(box ssh "$box" "awk '{print \$2}' /proc/self/uid_map")
    new_box
    [ "$first" != "$(box ssh "$box" "awk '{print \$2}' /proc/self/uid_map")" ] || fail "two boxes share ids"
}

test_syscalls_and_capabilities() {
    new_box
    equal "$(box ssh "$box" "sudo grep Seccomp: /proc/self/status | awk '{print \$2}'")" 2
    fails_with 1 box ssh "$box" 'sudo sysctl -w kernel.hostname=x'
    fails_with 1 box ssh "$box" 'sudo ip link set eth0 down 2>/dev/null; ip link show eth0 | grep -q "state DOWN"'
}

# A sandbox in a box has its own /proc, without the masks of the box's. The host kernel's files there still can't be
# written, because they belong to the host's root, who is another user in a box.
test_socket_families() {
    local other=""
    new_box
    # A 32-bit program's socketcall is refused with any argument.
    [ "$(uname -m)" != x86_64 ] || other="['EAFNOSUPPORT', 'ENOSYS'] ['EAFNOSUPPORT', 'made']"
    equal "$(box ssh "$box" 'sudo python3 -' <"$ROOT/Tests/Acceptance/lib/sockets.py" | tr '\n' ' ')" "[1, 2, 10, 16, 17] [1] $other "
}

test_no_namespaces_of_its_own() {
    local try='unshare --user --map-root-user true; sudo unshare --user true'
    own_boxd --no-nested
    new_box
    fails_with 1 box ssh "$box" "$try"
    match "$err" "No space left on device"
    equal "$(box exec "$box" 'cat /proc/sys/user/max_user_namespaces')" 0
    fails_with 1 box ssh "$box" 'echo 5 | sudo tee /proc/sys/user/max_user_namespaces'
    boxd account set local --nested yes --json | jq -e '.nested == "yes"' >/dev/null
    stop_box "$box"
    resume_box "$box"
    box ssh "$box" "$try"
    boxd account set local --nested no --json >/dev/null
    new_box
    fails_with 1 box ssh "$box" "$try"
}

test_the_host_is_spared_when_memory_runs_out() {
    new_box
    equal "$(box ssh "$box" 'cat /proc/*/oom_score_adj | sort -u')" 300
    equal "$(box exec "$box" 'cat /proc/self/oom_score_adj')" 300
    # A host that is itself a container may allow no value below 0.
    if (echo -1 >"/proc/$BASHPID/oom_score_adj") 2>/dev/null; then equal "$(cat "/proc/$(boxd_pid)/oom_score_adj")" -500; fi
}

# Facts that Docs/Security.md calls hidden are hidden, and those that it calls visible can't be written.
test_facts_about_the_host() {
    new_box
    local who
    for who in "" sudo; do
        # Through the link of the class and without it; a host without DMI has nothing to hide.
        equal "$(box ssh "$box" "$who sh -c 'cat /sys/class/dmi/id/* /sys/devices/virtual/dmi/id/* /sys/firmware/dmi/tables/* 2>/dev/null'")" "" "$who"
        equal "$(box ssh "$box" "$who ls /sys/devices/virtual/dmi /sys/firmware 2>/dev/null | grep -v ':$' | tr -d '\n'")" "" "$who"
        for file in /proc/cmdline /proc/modules /proc/partitions /proc/diskstats /proc/mounts /sys/block; do
            equal "$(box ssh "$box" "$who test -w $file && { echo x | $who tee $file >/dev/null 2>&1 && echo written; }")" "" "$who $file"
        done
    done
    no_match "$(box ssh "$box" 'cat /proc/sys/kernel/hostname')" "$(hostname)"
}

test_a_nested_proc_shows_nothing_of_the_host() {
    new_box
    local who file
    # Boxes see none of the host's keys.
    if command -v keyctl >/dev/null; then
        local key
        key=$(keyctl add user box-needle secret @u)
        defer "keyctl unlink $key @u"
        keyctl setperm "$key" 0x3f3f3f3f
    fi
    for who in "" sudo; do
        in_sandbox() { box ssh "$box" "$who unshare --user --map-root-user --pid --fork --mount-proc sh -c '$1' 2>&1" || true; }
        for file in kcore timer_list kmsg sched_debug latency_stats timer_stats asound acpi/wakeup scsi/scsi; do
            equal "$(in_sandbox "cat /proc/$file >/dev/null 2>&1 && echo readable")" "" "$who /proc/$file"
        done
        no_match "$(in_sandbox "cat /proc/keys")" box-needle
        for file in sysrq-trigger sys/kernel/panic sys/kernel/core_pattern sys/kernel/modprobe sys/kernel/hostname sys/vm/drop_caches \
            sys/fs/binfmt_misc/register sys/kernel/kptr_restrict irq/0/smp_affinity irq/default_smp_affinity acpi/wakeup mtrr bus/pci/00/00.0; do
            equal "$(in_sandbox "{ echo 1 >/proc/$file; } 2>/dev/null && echo written")" "" "$who /proc/$file"
        done
        # Every other writable file belongs to the box: the sizes of its IPC namespace, and its namespaces' limits,
        # which the limits of the parents bound.
        equal "$(in_sandbox "find /proc -path \"/proc/[0-9]*\" -prune -o -path /proc/self -prune -o -path /proc/thread-self -prune -o -type f -writable -print" |
            grep -vE '^/proc/(sys/user/max_[a-z_]*|sys/fs/mqueue/[a-z_]*|sys/kernel/(auto_msgmni|msg[a-z_]*|sem|sem_next_id|shm[a-z_]*|ns_last_pid|pid_max)|pressure/(io|cpu|memory|irq))$' |
            grep '^/proc/' || true)" ""
    done
    # With a network namespace of its own it may set that namespace's value, but no other one.
    equal "$(box ssh "$box" 'sudo unshare --user --map-root-user --net --pid --fork --mount-proc sh -c "echo 99 >/proc/sys/net/ipv4/ip_default_ttl; cat /proc/sys/net/ipv4/ip_default_ttl"; cat /proc/sys/net/ipv4/ip_default_ttl')" $'99\n64'
    # The box's limits on namespaces bound those of the sandbox.
    box ssh "$box" 'unshare --user --map-root-user --pid --fork --mount-proc sh -c "echo 9999999 >/proc/sys/user/max_user_namespaces"'
    equal "$(box ssh "$box" 'cat /proc/sys/user/max_user_namespaces')" 1024
}
