# Runs one function of one test file with its own boxd in its own network and mount namespaces: private_network.sh FILE FUNCTION.
# Tests may change firewalls and the host's resolver there. Use it through `in_private_network FUNCTION`, see network.sh.
#
# The "host" there has 198.51.100.2 and a private /etc. A second namespace is the internet behind it, with a web server
# at 198.51.100.1 and DNS servers at 198.51.100.53 and .54. Each of these answers every name with its own number:
# 203.0.113.53 and 203.0.113.54.
set -euo pipefail
# shellcheck source=Tests/Acceptance/lib/server.sh
. "$ROOT/Tests/Acceptance/lib/server.sh"
# shellcheck source=Tests/Acceptance/lib/assert.sh
. "$ROOT/Tests/Acceptance/lib/assert.sh"

export WORK=$SCRATCH BOXD_DATA_DIR=$SCRATCH/data PORT=7070 BOX_API_URL=http://127.0.0.1:7070
BOXD_INSTANCE=w$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
export BOXD_INSTANCE
chmod 711 "$SCRATCH"
mkdir -m 711 "$BOXD_DATA_DIR"
ln -s "$ROOT/.build/acceptance/images" "$BOXD_DATA_DIR/images"

deferred=()
defer() { deferred+=("$*"); }
clean_up() {
    local outcome=$? index
    { set +ex; } 2>/dev/null
    kill -CONT "$(boxd_pid)"
    for ((index = ${#deferred[@]} - 1; index >= 0; index--)); do eval "${deferred[index]}" >/dev/null 2>&1; done
    stop_boxd
    [ "$outcome" -eq 0 ] || tail -n 12 "$WORK/boxd.log" >&2
    remains=$(list_remains)
    if [ "$outcome" -eq 0 ] && [ -n "$remains" ]; then
        echo "left behind: $remains" >&2
        outcome=1
    fi
    remove_remains >/dev/null 2>&1
    kill "$internet" 2>/dev/null
    exit "$outcome"
}

# The new namespace needs its own /sys to see its interfaces. The cgroups are the host's.
mkdir "$SCRATCH/cgroup" "$SCRATCH/etc"
mount --rbind /sys/fs/cgroup "$SCRATCH/cgroup"
mount -t sysfs sysfs /sys
mount --move "$SCRATCH/cgroup" /sys/fs/cgroup
cp -a /etc/. "$SCRATCH/etc"
mount --bind "$SCRATCH/etc" /etc
mkdir -p /run/systemd /run/dbus /run/firewalld
for directory in /run/systemd /run/dbus /run/firewalld; do mount -t tmpfs tmpfs "$directory"; done
mkdir /run/systemd/resolve

unshare -n sleep infinity &
internet=$!
trap clean_up EXIT
# With & the shell's own process becomes the program, so that killing $! ends it.
on_the_internet() {
    if [ "$BASHPID" != $$ ]; then exec nsenter -t "$internet" -n "$@"; fi
    nsenter -t "$internet" -n "$@"
}
until [ "$(readlink "/proc/$internet/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
ip link set lo up
ip link add up0 type veth peer name wan0 netns "$internet"
ip address add 198.51.100.2/24 dev up0
ip link set up0 up
on_the_internet ip -batch - <<'IP'
link set lo up
address add 198.51.100.1/24 dev wan0
address add 198.51.100.53/32 dev wan0
address add 198.51.100.54/32 dev wan0
link set wan0 up
IP
ip route add default via 198.51.100.1

dns_server() { # ADDRESS [PREFIX COMMAND...]: answers names with 203.0.113.LAST, and leaves its process in $dns
    local address=$1
    shift
    "$@" python3 "$ROOT/Tests/Acceptance/lib/dns_server.py" "$address" "203.0.113.${address##*.}" &
    dns=$!
}
mkdir "$SCRATCH/www"
echo the internet >"$SCRATCH/www/index.html"
on_the_internet python3 -m http.server --directory "$SCRATCH/www" --bind 198.51.100.1 80 >/dev/null 2>&1 &
defer "kill $!"
dns_server 198.51.100.53 on_the_internet
defer "kill $dns"
dns_server 198.51.100.54 on_the_internet
defer "kill $dns"
ip route add 198.51.100.53 dev up0
ip route add 198.51.100.54 dev up0
curl -fs --retry 50 --retry-delay 1 --retry-connrefused --max-time 30 -o /dev/null http://198.51.100.1/

rm -f /etc/resolv.conf
echo "nameserver 198.51.100.53" >/etc/resolv.conf
start_private_boxd() {
    start_boxd
    box login "$(cat "$WORK/key")" --json >/dev/null
}
# Runs a command in a box with OpenSSH, which works while boxd is stopped. The first `box ssh` registers the key. A
# connection that began without rules isn't tracked until the host sends a packet, so ssh sends keepalives.
in_box() { # ID COMMAND
    [ -e "$HOME/known-$1" ] || { box ssh "$1" true </dev/null && touch "$HOME/known-$1"; }
    timeout 60 ssh -n -q -F none -o ServerAliveInterval=1 -i "$HOME/.ssh/ascii_box_ed25519" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o ConnectTimeout=5 "user@${ips[$1]}" "$2"
}
declare -A ips
new_private_box() {
    new_box
    ips[$box]=$(ip_of "$box")
    in_box "$box" true
}
# The box resolver's answer for a name that was never looked up before.
names=0
resolve() { # ID
    names=$((names + 1))
    in_box "$1" "timeout 20 getent ahostsv4 name$names.test" | awk 'NR == 1 { print $1 }' || true
}
# Waits up to SECONDS until the command prints EXPECTED.
becomes() { # SECONDS EXPECTED COMMAND...
    local end=$((SECONDS + $1)) expected=$2 now
    shift 2
    while now=$("$@" || true) && [ "$now" != "$expected" ]; do
        [ "$SECONDS" -lt "$end" ] || fail "$* is <$now>, not <$expected>"
        sleep 0.2
    done
}
fetch() { in_box "$1" "curl -s --max-time 2 http://198.51.100.1/ || echo nothing"; }

# shellcheck source=/dev/null
. "$ROOT/$1"
set -x
"$2"
