# The network around the host: its resolver, its firewalls, and what other programs do to the rules. See lib/private_network.sh.

in_private_network() { unshare --net --mount --propagation private bash "$ROOT/Tests/Acceptance/lib/private_network.sh" Tests/Acceptance/network.sh "$1"; }

test_dns_follows_the_host() { in_private_network dns_follows_the_host; }
dns_follows_the_host() {
    printf '# written by hand\nnameserver\t198.51.100.53 \r\nsearch  one.test two.test\noptions edns0\n' >/etc/resolv.conf
    start_private_boxd
    new_private_box
    equal "$(resolve "$box")" 203.0.113.53
    # The box queries the host. Its own resolv.conf doesn't decide which server the host queries.
    gateway=$(box ssh "$box" "ip route show default | awk '{print \$3}'")
    match "$(box ssh "$box" cat /etc/resolv.conf)" "nameserver $gateway"
    match "$(box ssh "$box" cat /etc/resolv.conf)" "search one.test two.test"
    no_match "$(box ssh "$box" cat /etc/resolv.conf)" 198.51.100
    equal "$(box ssh "$box" 'RES_OPTIONS=use-vc getent ahostsv4 over.tcp.test' | awk 'NR == 1 { print $1 }')" 203.0.113.53
    # The file is changed in place.
    echo "nameserver 198.51.100.54" >/etc/resolv.conf
    becomes 4 203.0.113.54 resolve "$box"
    # A link, as with systemd-resolved. Boxes can't use its stub, but its upstream servers.
    echo "nameserver 198.51.100.53" >/run/systemd/resolve/resolv.conf
    echo "nameserver 127.0.0.53" >/run/systemd/resolve/stub-resolv.conf
    ln -s /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf.new
    mv /etc/resolv.conf.new /etc/resolv.conf
    becomes 4 203.0.113.53 resolve "$box"
    echo "nameserver 198.51.100.54" >/run/systemd/resolve/resolv.conf
    becomes 4 203.0.113.54 resolve "$box"
    # The file is missing for a moment. Until there is another, the last servers stay in use.
    rm /etc/resolv.conf
    sleep 1.5
    equal "$(resolve "$box")" 203.0.113.54
    echo "nameserver 198.51.100.53" >/etc/resolv.conf
    becomes 4 203.0.113.53 resolve "$box"
    # The kernel forwards the queries, so this works without boxd. The next boxd reads what changed meanwhile.
    kill_boxd
    equal "$(resolve "$box")" 203.0.113.53
    echo "nameserver 198.51.100.54" >/etc/resolv.conf
    start_boxd
    equal "$(resolve "$box")" 203.0.113.54
    # A dead server: the box's resolver uses the next one.
    printf 'nameserver 198.51.100.99\nnameserver 198.51.100.53\n' >/etc/resolv.conf
    becomes 30 203.0.113.53 resolve "$box"
}

test_dns_of_the_host_itself() { in_private_network dns_of_the_host_itself; }
dns_of_the_host_itself() {
    dns_server 127.0.0.1 2>"$SCRATCH/queries"
    defer "kill $dns"
    dns_server 198.51.100.2
    defer "kill $dns"
    # The host's firewall has no rules for boxes.
    iptables-nft -P INPUT DROP
    iptables-nft -A INPUT -i lo -j ACCEPT
    iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
    echo "nameserver 127.0.0.1" >/etc/resolv.conf
    start_private_boxd
    new_private_box
    equal "$(resolve "$box")" 203.0.113.1
    # Most such resolvers answer only their own machine.
    equal "$(grep ^query "$SCRATCH/queries" | sort -u)" "query from 127.0.0.1"
    # No other packet reaches the loopback network: a datagram that the box itself sent there.
    python3 - "$SCRATCH/received" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 5300))
while True: open(sys.argv[1], "a").write(s.recv(100).decode() + "\n")
PY
    defer "kill $!"
    touch "$SCRATCH/received"
    cat >"$SCRATCH/datagram.py" <<'PY'
import socket, struct, sys
source, text = socket.inet_aton(sys.argv[1]), sys.argv[2].encode()
own = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
def sum16(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
udp = struct.pack("!HHHH", 4000, 5300, 8 + len(text), 0) + text
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, source, socket.inet_aton("127.0.0.1"))
ip = ip[:10] + struct.pack("!H", sum16(ip)) + ip[12:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
s.send(own + own + b"\x08\x00" + ip + udp)
PY
    box write "$box" /tmp/datagram.py <"$SCRATCH/datagram.py"
    address=$(ip_of "$box")
    in_box "$box" "sudo python3 /tmp/datagram.py $address walled"
    sleep 0.5
    equal "$(cat "$SCRATCH/received")" ""
    # Without the rules the same datagram arrives, so the rules are what stops it.
    kill -STOP "$(boxd_pid)"
    nft flush chain inet "boxd_$BOXD_INSTANCE" source
    nft flush chain inet "boxd_$BOXD_INSTANCE" input
    iptables-nft -P INPUT ACCEPT
    in_box "$box" "sudo python3 /tmp/datagram.py $address open"
    sleep 0.5
    equal "$(cat "$SCRATCH/received")" open
    kill -CONT "$(boxd_pid)"
    becomes 4 "" rules_without
    in_box "$box" "sudo python3 /tmp/datagram.py $address walled"
    sleep 0.5
    equal "$(cat "$SCRATCH/received")" open
    # An address of the host that isn't loopback. Then loopback packets are no longer routed.
    echo "nameserver 198.51.100.2" >/etc/resolv.conf
    becomes 4 203.0.113.2 resolve "$box"
    equal "$(cat "/proc/sys/net/ipv4/conf/$BOXD_INSTANCE-${box#bx_}/route_localnet")" 0
    python3 -m http.server --bind 0.0.0.0 8123 >/dev/null 2>&1 &
    defer "kill $!"
    curl -fs --retry 20 --retry-delay 1 --retry-connrefused -o /dev/null http://198.51.100.2:8123/
    equal "$(box ssh "$box" "curl -s --max-time 2 -o /dev/null http://198.51.100.2:8123/ && echo reached || echo walled")" walled
}
rules_without() { nft list chain inet "boxd_$BOXD_INSTANCE" source | grep -q 127.0.0.0/8 || echo none; }

test_dns_of_dnsmasq() { in_private_network dns_of_dnsmasq; }
dns_of_dnsmasq() {
    command -v dnsmasq >/dev/null || { echo "dnsmasq is not installed" >&2; return 0; }
    dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --server=198.51.100.54 --listen-address=127.0.0.1 --bind-interfaces \
        --local-service --pid-file= --user=root &
    defer "kill $!"
    echo "nameserver 127.0.0.1" >/etc/resolv.conf
    start_private_boxd
    new_private_box
    equal "$(resolve "$box")" 203.0.113.54
}

test_no_resolver() { in_private_network no_resolver; }
no_resolver() {
    echo "nameserver 2001:db8::53" >/etc/resolv.conf
    start_private_boxd
    check=$(boxd check --json)
    equal "$(jq .ready <<<"$check")" true
    match "$(jq -r '.warnings[].problem' <<<"$check")" "this host names 2001:db8::53 only"
    match "$(boxd check)" "add a name server with an IPv4 address to /etc/resolv.conf"
    match "$(cat "$WORK/boxd.log")" "2001:db8::53"
    new_private_box
    match "$(box info "$box" --json | jq -r '.box.warnings[]')" "on this server, boxes can't resolve names"
    # The query is refused at once, and no public resolver is used instead.
    SECONDS=0
    equal "$(resolve "$box")" ""
    [ "$SECONDS" -lt 3 ] || fail "a box waits $SECONDS s for a resolver that isn't there"
    no_match "$(box ssh "$box" cat /etc/resolv.conf)" 1.1.1.1
    echo "nameserver 198.51.100.53" >/etc/resolv.conf
    becomes 4 203.0.113.53 resolve "$box"
    equal "$(boxd check --json | jq -c .warnings)" "[]"
    stop_box "$box"
    resume_box "$box"
    equal "$(box info "$box" --json | jq -c '.box.warnings // []')" "[]"
}

test_iptables_that_drops() { in_private_network iptables_that_drops; }
iptables_that_drops() {
    for kind in nft legacy; do
        iptables=iptables-$kind
        $iptables -P FORWARD DROP
        start_private_boxd
        new_private_box
        equal "$(fetch "$box")" "the internet" "$kind"
        equal "$(resolve "$box")" 203.0.113.53
        # Without boxd's rules, no packet passes.
        kill -STOP "$(boxd_pid)"
        $iptables -F FORWARD
        equal "$(fetch "$box")" nothing "$kind"
        # boxd detects that and restores the rules, once.
        kill -CONT "$(boxd_pid)"
        becomes 15 "the internet" fetch "$box"
        equal "$($iptables -S | grep -c "boxd_$BOXD_INSTANCE")" 2
        # Packets that aren't boxes' are dropped as before.
        equal "$($iptables -S | grep -e "-P FORWARD")" "-P FORWARD DROP"
        equal "$($iptables -S | grep "boxd_$BOXD_INSTANCE" | grep -vc " $BOXD_INSTANCE-+ ")" 0
        box delete "$box" --yes --json
        stop_boxd
        equal "$($iptables -S | grep -c "boxd_$BOXD_INSTANCE")" 0
        $iptables -P FORWARD ACCEPT
    done
}

# The chains as Docker creates them.
test_docker_that_drops() { in_private_network docker_that_drops; }
docker_that_drops() {
    start_private_boxd
    new_private_box
    equal "$(fetch "$box")" "the internet"
    kill -STOP "$(boxd_pid)"
    for chain in DOCKER-USER DOCKER DOCKER-ISOLATION-STAGE-1; do iptables -N "$chain"; done
    iptables -A DOCKER-USER -j RETURN
    iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
    iptables -I FORWARD -o docker0 -j DOCKER
    iptables -I FORWARD -j DOCKER-ISOLATION-STAGE-1
    iptables -I FORWARD -j DOCKER-USER
    iptables -P FORWARD DROP
    equal "$(fetch "$box")" nothing
    kill -CONT "$(boxd_pid)"
    becomes 15 "the internet" fetch "$box"
    equal "$(iptables -S DOCKER-USER | grep -c "boxd_$BOXD_INSTANCE")" 2
}

test_ufw_that_drops() { in_private_network ufw_that_drops; }
ufw_that_drops() {
    command -v ufw >/dev/null || { echo "ufw is not installed" >&2; return 0; }
    start_private_boxd
    new_private_box
    equal "$(fetch "$box")" "the internet"
    ufw --force enable
    match "$(ufw status verbose)" "Status: active"
    match "$(iptables -S FORWARD)" "-P FORWARD DROP"
    becomes 15 "the internet" fetch "$box"
    equal "$(resolve "$box")" 203.0.113.53
    ufw reload
    becomes 15 "the internet" fetch "$box"
    # A box that starts with this firewall.
    new_private_box
    equal "$(fetch "$box")" "the internet"
}

test_firewalld_that_drops() { in_private_network firewalld_that_drops; }
firewalld_that_drops() {
    command -v firewalld >/dev/null && command -v dbus-daemon >/dev/null || { echo "firewalld is not installed" >&2; return 0; }
    start_private_boxd
    new_private_box
    equal "$(fetch "$box")" "the internet"
    dbus-daemon --system --fork --print-pid >"$SCRATCH/dbus.pid"
    defer "kill $(cat "$SCRATCH/dbus.pid")"
    kill -STOP "$(boxd_pid)"
    firewalld --nofork --nopid >"$SCRATCH/firewalld.log" 2>&1 &
    defer "kill $!"
    for _ in $(seq 100); do ! firewall-cmd --state 2>/dev/null || break; sleep 0.1; done
    equal "$(fetch "$box")" nothing
    kill -CONT "$(boxd_pid)"
    becomes 20 "the internet" fetch "$box"
    equal "$(resolve "$box")" 203.0.113.53
    firewall-cmd --reload
    becomes 20 "the internet" fetch "$box"
    # firewalld's trusted zone doesn't give boxes access to the host.
    equal "$(box ssh "$box" "curl -s --max-time 2 -o /dev/null http://198.51.100.2:$PORT/healthz && echo reached || echo walled")" walled
    box delete "$box" --yes --json
    stop_boxd
    equal "$(firewall-cmd --zone=trusted --list-interfaces)" ""
}

test_nftables_that_drops() { in_private_network nftables_that_drops; }
nftables_that_drops() {
    nft -f - <<'NFT'
table inet office {
    chain forward {
        type filter hook forward priority 10; policy drop;
    }
}
NFT
    start_private_boxd
    match "$(cat "$WORK/boxd.log")" "the nftables chain inet office forward drops boxes' packets"
    new_private_box
    equal "$(fetch "$box")" nothing
    match "$(box info "$box" --json | jq -r '.box.warnings[]')" "insert rule inet office forward"
    # The command in the warning fixes it.
    remedy=$(boxd check --json | jq -r '.warnings[].remedy | capture("run (?<line>nft .*), and keep").line')
    eval "$remedy"
    equal "$(fetch "$box")" "the internet"
    equal "$(boxd check --json | jq -c .warnings)" "[]"
    becomes 8 1 grep -c "nothing drops boxes' packets any more" "$WORK/boxd.log"
}

test_nftables_that_drops_dns() { in_private_network nftables_that_drops_dns; }
nftables_that_drops_dns() {
    dns_server 127.0.0.1
    defer "kill $dns"
    nft -f - <<'NFT'
table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
    }
}
NFT
    start_private_boxd
    equal "$(boxd check --json | jq -c .warnings)" "[]" "the name server is out in the internet"
    echo "nameserver 127.0.0.1" >/etc/resolv.conf
    new_private_box
    becomes 4 1 grep -c "the nftables chain inet filter input drops boxes' DNS queries" "$WORK/boxd.log"
    equal "$(resolve "$box")" ""
    remedy=$(boxd check --json | jq -r '.warnings[].remedy | capture("run (?<line>nft .*), and keep").line')
    eval "$remedy"
    equal "$(resolve "$box")" 203.0.113.1
    equal "$(boxd check --json | jq -c .warnings)" "[]"
}

test_rules_that_were_flushed() { in_private_network rules_that_were_flushed; }
rules_that_were_flushed() {
    start_private_boxd
    new_private_box
    python3 -m http.server --bind 198.51.100.2 8123 >/dev/null 2>&1 &
    defer "kill $!"
    curl -fs --retry 20 --retry-delay 1 --retry-connrefused -o /dev/null http://198.51.100.2:8123/
    service() { in_box "$box" "curl -s --max-time 1 -o /dev/null http://198.51.100.2:8123/ && echo reached || echo walled"; }
    equal "$(service)" walled
    kill -STOP "$(boxd_pid)"
    nft flush ruleset
    equal "$(service)" reached
    kill -CONT "$(boxd_pid)"
    becomes 10 walled service
    equal "$(fetch "$box")" "the internet"
    equal "$(resolve "$box")" 203.0.113.53
    match "$(cat "$WORK/boxd.log")" "were removed by another program"
    # A single removed rule, too.
    nft flush chain inet "boxd_$BOXD_INSTANCE" input
    becomes 10 walled service
    match "$(cat "$WORK/boxd.log")" "were changed by another program"
    match "$(curl -s "http://127.0.0.1:$PORT/metrics")" "boxd_network_rules_restored_total 2"
    match "$(curl -s "http://127.0.0.1:$PORT/metrics")" "boxd_network_rules_up 1"
    # boxd's own changes don't count as another program's.
    count=$(grep -c "by another program" "$WORK/boxd.log")
    new_private_box
    equal "$(fetch "$box")" "the internet"
    sleep 2.5
    equal "$(grep -c "by another program" "$WORK/boxd.log")" "$count"
    # A box that starts right after a flush.
    nft flush ruleset
    new_private_box
    becomes 4 "the internet" fetch "$box"
}

test_metadata_of_clouds() { in_private_network metadata_of_clouds; }
metadata_of_clouds() {
    for address in 169.254.169.254 100.100.100.200 168.63.129.16; do
        on_the_internet ip address add "$address/32" dev wan0
        ip route add "$address" via 198.51.100.1
    done
    # On Google Cloud and Azure this address is the name server too.
    dns_server 169.254.169.254 on_the_internet
    defer "kill $dns"
    echo "nameserver 169.254.169.254" >/etc/resolv.conf
    on_the_internet python3 -m http.server --directory "$SCRATCH/www" --bind 0.0.0.0 81 >/dev/null 2>&1 &
    defer "kill $!"
    start_private_boxd
    new_private_box
    equal "$(resolve "$box")" 203.0.113.254
    for address in 169.254.169.254 100.100.100.200 168.63.129.16; do
        equal "$(curl -fs --retry 20 --retry-delay 1 --retry-connrefused "http://$address:81/")" "the internet"
        equal "$(in_box "$box" "curl -s --max-time 1 http://$address:81/ || echo walled")" walled
    done
    equal "$(in_box "$box" "curl -s --max-time 2 http://198.51.100.1:81/")" "the internet"
}

test_connections_are_counted_everywhere() { in_private_network connections_are_counted_everywhere; }
connections_are_counted_everywhere() {
    start_private_boxd
    new_private_box
    # Pings of the gateway. The host tracks each for half a minute.
    gateway=$(in_box "$box" "ip route show default | awk '{print \$3}'")
    box write "$box" /tmp/pings.py <<'PY' >/dev/null
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
for number in range(20000):
    check = ~(0x0800 + number + 1) & 0xFFFF if 0x0800 + number + 1 <= 0xFFFF else ~((0x0800 + number + 1 & 0xFFFF) + 1) & 0xFFFF
    s.sendto(struct.pack("!BBHHH", 8, 0, check, number, 1), (sys.argv[1], 0))
PY
    in_box "$box" "sudo python3 /tmp/pings.py $gateway"
    count=$(cat /proc/sys/net/netfilter/nf_conntrack_count)
    [ "$count" -gt 7000 ] && [ "$count" -lt 9000 ] || fail "the host tracks $count connections of one box"
}
