# The README's Install and Everyday sections, command by command, on a machine that has never had boxd. Nothing is in
# /var/lib, /run, /etc/boxd, /usr/local and the home directories, and all settings are defaults. A user's umask must not
# matter.

# The commands of a README section, except those that need a provider's key.
readme_commands() { # HEADING
    awk -v heading="## $1" '
        /^## / { inside = $0 == heading; next }
        inside && /^```/ { block = !block && /sh$/; next }
        inside && block { print }' "$ROOT/README.md" | grep -v '^box provider set\|^box prompt'
}

# Replaces the port in a README line by a free one when it is in use on this machine.
with_a_free_port() { # LINE
    local port
    port=$(sed -nE 's/.*--(local|socks) ([0-9]+).*/\2/p' <<<"$1")
    if [ -n "$port" ] && [ -n "$(ss -Hltn "sport = :$port")" ]; then
        sed -E "s/--(local|socks) $port/--\1 $((port + 20000))/" <<<"$1"
    else
        printf '%s\n' "$1"
    fi
}

# Runs the commands like a user: in one shell, one after another. Each must succeed.
write_session() { # FILE UMASK
    {
        echo "set -eu; umask $2; cd; export HOME=\$PWD"
        # The build under test is installed.
        printf '%s\n' "make() { BUILD=${BUILD:-debug} /home/clone/scripts/install </dev/null; }"
        { readme_commands Install; readme_commands "Everyday commands"; echo "box local down"; } | while IFS= read -r line; do
            line=$(with_a_free_port "$line")
            printf 'printf "\\n$ %%s\\n" %q\n' "$line"
            case $line in
                *"until Ctrl-C"*)
                    printf 'status=0; timeout --signal=INT 2 %s || status=$?; [ "$status" = 124 ]\n' "${line%%  *#*}" ;;
                *"<"*) printf '%s\n' "$line" ;;
                *) printf '%s </dev/null\n' "${line%%  *#*}" ;;
            esac
        done
        echo 'echo "ALL OF IT WORKS"'
    } >"$1"
}

# The interfaces and rules of a boxd with default settings.
default_instance() {
    ip -o link | grep -o ' box-[a-z0-9]*[:@]' || true
    nft list tables | grep -w boxd_box || true
}

# Runs with private mounts: directories of this test replace the machine's.
run_on_a_new_machine() { # UMASK USER
    equal "$(default_instance)" "" "a boxd with default settings runs here: stop it with \`box local down\` first"
    chmod 711 "$SCRATCH"
    mkdir -p "$SCRATCH"/{lib,home,root,etc,etc-work,local,local-work,boxd-etc}
    write_session "$SCRATCH/session" "$1"
    chmod 755 "$SCRATCH/session"
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        ROOT="$ROOT" BUILD="${BUILD:-debug}" SCRATCH="$SCRATCH" http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
        unshare --mount --propagation private bash -s "$2" >"$SCRATCH/session.log" 2>&1 <<'PRIVATE' || { cat "$SCRATCH/session.log"; fail "the README's commands failed"; }
set -eu
user=$1
# Clean-up after a failure. root has no key yet.
trap '[ ! -e /var/lib/boxd/boxd.pid ] || { export HOME=/root; box local up; box local down; }' EXIT
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$SCRATCH/etc,workdir=$SCRATCH/etc-work" /etc
mount -t overlay overlay -o "lowerdir=/usr/local,upperdir=$SCRATCH/local,workdir=$SCRATCH/local-work" /usr/local
rm -rf /etc/boxd
# The path to the name servers on hosts with systemd-resolved.
resolved=
[ ! -d /run/systemd/resolve ] || { resolved=$SCRATCH/resolved; mkdir "$resolved"; mount --bind /run/systemd/resolve "$resolved"; }
mount -t tmpfs -o mode=755 tmpfs /run
[ -z "$resolved" ] || { mkdir -p /run/systemd/resolve; mount --bind "$resolved" /run/systemd/resolve; }
mount --bind "$SCRATCH/lib" /var/lib
chmod 755 "$SCRATCH/lib" "$SCRATCH/home"
# The directories where Debian's tools keep state about this machine.
mount --bind "$SCRATCH/home" /home
# The files of a clone that the installation needs. The clone under test may be in a directory that only root can enter.
for file in scripts/install ".build/$BUILD/box" ".build/$BUILD/boxd"; do install -D -m 755 "$ROOT/$file" "/home/clone/$file"; done
mount --bind "$SCRATCH/root" /root
if [ "$user" = root ]; then
    HOME=/root bash "$SCRATCH/session"
else
    useradd --create-home --shell /bin/bash "$user"
    echo "$user ALL=(ALL:ALL) NOPASSWD: ALL" >/etc/sudoers.d/first-run
    chmod 440 /etc/sudoers.d/first-run
    setpriv --reuid="$user" --regid="$user" --init-groups env HOME="/home/$user" bash "$SCRATCH/session"
fi
[ -z "$(ls /run/boxd 2>/dev/null)" ] || { ls -R /run/boxd; exit 1; }
PRIVATE
    match "$(tail -n 1 "$SCRATCH/session.log")" "ALL OF IT WORKS"
    equal "$(default_instance)" "" "remains of the default instance"
}

test_as_root() { run_on_a_new_machine 022 root; }

test_as_root_with_a_strict_umask() { run_on_a_new_machine 077 root; }

test_as_a_sudo_user() { run_on_a_new_machine 022 tester; }

test_as_a_sudo_user_with_a_strict_umask() { run_on_a_new_machine 077 tester; }
