# Root in a box is nobody outside it.

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
    # Root in a box has no NET_ADMIN to take an address with.
    fails_with 2 box ssh "$box" "sudo ip address add $other_address/20 dev eth0"
    # With a raw socket it can send anything; frames under another's addresses get nowhere, and the bridge learns nothing.
    box ssh "$box" "sudo python3 - $other_address $other_hardware" <<'PY'
import socket, struct, sys
address, hardware = socket.inet_aton(sys.argv[1]), bytes.fromhex(sys.argv[2].replace(":", ""))
own = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for source in (hardware, own):
    arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2, source, address, b"\xff" * 6, address)
    for _ in range(50): s.send(b"\xff" * 6 + source + b"\x08\x06" + arp)
PY
    equal "$(ip neigh show "$other_address" | grep -c "$(box ssh "$box" cat /sys/class/net/eth0/address)")" 0
    # A kernel with VLAN filtering has an entry for each VLAN; all of them are the victim's.
    local entries
    entries=$(bridge fdb show br "$BOXD_INSTANCE-br0" | grep "$other_hardware")
    match "$entries" "${victim#bx_}"
    equal "$(grep -vc "${victim#bx_}" <<<"$entries")" 0
    equal "$(box ssh "$victim" 'echo reached')" reached
}

test_no_taking_of_the_kernels_tables() {
    new_box
    # inotify instances, which would otherwise be taken from the host's root.
    equal "$(box ssh "$box" 'sudo python3 -c "
import ctypes
libc = ctypes.CDLL(None); made = 0
while libc.inotify_init() >= 0: made += 1
print(made <= 512)"')" True
    equal "$(box ssh "$box" 'cat /proc/sys/user/max_user_namespaces')" 1024
    equal "$(box ssh "$box" 'ulimit -Hi')" 2048
}

test_memory_limit() {
    new_box --type small
    # Programs there size themselves by what they read: cgroup v2 has the one file, v1 the other.
    equal "$(box ssh "$box" 'cd /sys/fs/cgroup && cat memory.max memory/memory.limit_in_bytes 2>/dev/null')" $((4 << 30))
    # 5 GiB in a box of 4: the kernel ends the process, and the box lives on.
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
