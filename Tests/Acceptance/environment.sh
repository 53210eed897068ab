# What a box looks like from the inside: variables in every shell, ids, terminals, ports, nested sandboxes, programs.

login_shell() { box ssh "$box" "sudo usermod -s $1 user"; }

# A variable whose value has every kind of character that is allowed.
awkward=$'two\nlines\n "double" \'single\' $HOME `id` \\ \t é 😀 \x01 end '

test_variables_are_there_whatever_the_login_shell_is() {
    local shell
    new_box --env "AWKWARD=$awkward" --env EMPTY= --env UID=7 --env GROUPS=x --env PPID=1 --env SHELLOPTS=verbose --env BASHOPTS=x
    for shell in /bin/bash /bin/dash /bin/zsh /usr/bin/fish /bin/sh; do
        login_shell "$shell"
        equal "$(box ssh "$box" 'python3 -c "import os; print(repr(os.environ[\"AWKWARD\"]))"' 2>err)" \
            "$(AWKWARD=$awkward python3 -c 'import os; print(repr(os.environ["AWKWARD"]))')" "$shell"
        equal "$(cat err)" "" "$shell"
        equal "$(box ssh "$box" 'env | grep -E "^(EMPTY|LANG|BOX_ID)=" | sort')" $'BOX_ID='"$box"$'\nEMPTY=\nLANG=C.UTF-8' "$shell"
        # A login without a command, and a shell as an editor starts it for its server.
        equal "$(printf 'python3 -c "import os; print(len(os.environ[\\"AWKWARD\\"]))"\nexit\n' | box ssh "$box" 2>/dev/null)" ${#awkward} "$shell"
        for inner in bash sh dash zsh 'bash -l' 'sh -l' 'zsh -l'; do
            equal "$(printf 'echo ${#AWKWARD}\n' | box ssh "$box" "$inner" 2>err | tail -n 1)" "$(inner_length "$inner")" "$inner in $shell"
            equal "$(cat err)" "" "$inner in $shell"
        done
    done
}

# dash counts bytes.
inner_length() {
    case $1 in sh* | dash*) printf %s "$awkward" | wc -c ;; *) printf '%s\n' ${#awkward} ;; esac
}

test_a_changed_secret_is_in_the_next_session() {
    defer 'api POST /secrets "{}"'
    api POST /secrets '{"envContents":"TOKEN=first"}'
    new_box
    login_shell /bin/dash
    local sshd
    sshd=$(box ssh "$box" 'pgrep -o -x sshd')
    equal "$(box ssh "$box" 'echo $TOKEN')" first
    api POST /secrets '{"envContents":"TOKEN=second"}'
    equal "$(box ssh "$box" 'echo $TOKEN')" second
    api POST /secrets '{}'
    equal "$(box ssh "$box" 'echo "<$TOKEN>"')" "<>"
    equal "$(box ssh "$box" 'pgrep -o -x sshd')" "$sshd"
}

test_variables_stay_as_a_session_has_changed_them() {
    local shell
    new_box --env VALUE=given --env 'PATH=/opt/own:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'
    for shell in /bin/bash /bin/dash /bin/zsh; do
        login_shell "$shell"
        for inner in bash 'bash -l' sh 'sh -l' zsh; do
            equal "$(box ssh "$box" "VALUE=changed; PATH=/changed:\$PATH; export VALUE PATH; $inner -c 'echo \$VALUE \${PATH%%:*}'")" \
                "changed /changed" "$inner in $shell"
        done
        equal "$(box ssh "$box" 'echo ${PATH%%:*}')" /opt/own "$shell"
        equal "$(printf 'echo ${PATH%%%%:*}\n' | box ssh "$box" bash -l)" /opt/own "$shell"
    done
    # sudo keeps only configured variables. A root login has all of them again, and so has a command of the API.
    equal "$(box ssh "$box" 'sudo sh -c "echo \${VALUE-none} \$BOX_ID"')" "none $box"
    equal "$(box ssh "$box" 'sudo -i sh -c "echo \$VALUE"')" given
    equal "$(box exec "$box" -- 'echo $VALUE ${PATH%%:*}')" "given /opt/own"
}

test_secrets_are_in_no_arguments() {
    new_box --env NEEDLE=n33dle-in-env
    login_shell /bin/dash
    equal "$(box ssh "$box" 'sleep 3 & sudo sh -c "cat /proc/[0-9]*/cmdline" | tr "\0" " " | grep -c "[n]33dle" || true')" 0
    match "$(box ssh "$box" 'cat /proc/self/environ | tr "\0" "\n"')" n33dle-in-env
}

test_cron_has_the_variables() {
    new_box --env "AWKWARD=$awkward"
    box ssh "$box" 'sudo systemctl start cron; echo "* * * * * python3 -c \"import os; print(len(os.environ[chr(65)+chr(87)+\\\"KWARD\\\"]))\" > /tmp/cron.out 2>&1" | crontab -'
    equal "$(box ssh "$box" 'for _ in $(seq 70); do [ ! -s /tmp/cron.out ] || break; sleep 1; done; cat /tmp/cron.out')" ${#awkward}
}

test_ids_for_user_namespaces() {
    new_box
    equal "$(box ssh "$box" 'awk -F: "{ print (\$2 > 1000 && \$2 + \$3 <= 65536) }" /etc/subuid /etc/subgid')" $'1\n1'
    equal "$(box ssh "$box" 'unshare --map-auto --map-root-user sh -c "id -u; wc -l </proc/self/uid_map; touch /tmp/other; chown 4000:4000 /tmp/other"; stat -c %u /tmp/other')" \
        $'0\n2\n13999'
    # A second user gets a subordinate id range too, within the box's ids.
    equal "$(box ssh "$box" 'sudo useradd -m second && awk -F: "/^second/ { print (\$2 + \$3 <= 65536) }" /etc/subuid')" 1
}

test_terminals() {
    local terminal
    new_box
    for terminal in xterm xterm-256color xterm-ghostty ghostty xterm-kitty alacritty foot wezterm rio contour tmux-256color \
        screen-256color rxvt-unicode-256color st-256color vte-256color konsole-256color iterm2 linux; do
        equal "$(box ssh "$box" "TERM=$terminal; export TERM; bash -c '. /usr/lib/box/terminal.sh; tput colors >/dev/null && echo \$TERM'")" "$terminal"
    done
    for shell in /bin/bash /bin/zsh /usr/bin/fish /bin/dash; do
        login_shell "$shell"
        python3 - "$box" <<'PY'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "nobody-knows-it"
    os.execvp("box", ["box", "ssh", sys.argv[1]])
seen = b""
def expect(text, seconds=20):
    global seen
    end = time.time() + seconds
    while text not in seen:
        assert time.time() < end, f"no {text} in {seen!r}"
        if select.select([fd], [], [], 0.2)[0]: seen += os.read(fd, 65536)
time.sleep(0.5)
os.write(fd, b"echo term'='$TERM; exit\r")
expect(b"term=xterm-256color")
PY
    done
}

test_low_ports_are_the_users() {
    new_box
    box ssh "$box" 'python3 -c "
import socket
for port in (80, 443):
    s = socket.socket(); s.bind((\"127.0.0.1\", port)); s.listen(); print(port)"' >out
    equal "$(cat out)" $'80\n443'
}

test_a_sandbox_within_the_box() {
    new_box
    equal "$(box ssh "$box" 'bwrap --unshare-all --die-with-parent --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp python3 -c "import os; print(os.getuid(), len([n for n in os.listdir(\"/proc\") if n.isdigit()]))"')" \
        "1000 2"
    equal "$(box ssh "$box" 'unshare --user --map-root-user --pid --fork --mount-proc python3 -c "import os; print(os.getpid(), [n for n in os.listdir(\"/proc\") if n.isdigit()])"')" "1 ['1']"
    # The complete /proc that makes this possible can't be reached by any user, including root.
    equal "$(box ssh "$box" 'sudo ls /run/sshd/proc 2>&1 | grep -c "No such file"')" 1
    fails_with 32 box ssh "$box" "sudo umount /run/sshd"
}

test_logins_survive_careless_modes() {
    new_box
    box ssh "$box" 'sudo chmod 777 / /home /home/user; mkdir -p ~/.ssh; chmod 777 ~/.ssh'
    equal "$(box ssh "$box" 'echo in')" in
    echo data >file
    box scp file "$box:file" >/dev/null
    # A socket that an earlier forward left doesn't block the next one.
    box ssh "$box" 'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"/tmp/forward\")"'
    ssh -i "$HOME/.ssh/ascii_box_ed25519" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -o ExitOnForwardFailure=yes -R /tmp/forward:127.0.0.1:1 "user@$(ip_of "$box")" 'echo forwarded' >out
    equal "$(cat out)" forwarded
}

test_programs() {
    local program
    new_box
    for program in node npm npx corepack gh vim less unzip xz zip xdotool convert scrot maim newuidmap bwrap zsh fish git jq python3 gcc; do
        box ssh "$box" "command -v $program" >/dev/null || fail "there is no $program"
    done
    match "$(box ssh "$box" 'node --version; npm --version; vim --version | head -n 1; gh --version | head -n 1')" v24
    # npm installs globally without sudo, and so does make.
    equal "$(box ssh "$box" 'mkdir -p pkg && cd pkg && echo "{\"name\":\"hello\",\"version\":\"1.0.0\",\"bin\":\"hello.js\"}" >package.json &&
        printf "#!/usr/bin/env node\nconsole.log(\"hello\")\n" >hello.js && npm install --global --offline --no-audit --no-fund . >/dev/null && hello')" hello
    equal "$(box ssh "$box" 'touch /usr/local/bin/mine && rm /usr/local/bin/mine && echo possible')" possible
    # apt knows packages without an `apt update` first.
    match "$(box ssh "$box" 'apt-cache policy nginx')" Candidate:
}

test_services() {
    new_box
    equal "$(box ssh "$box" 'systemctl is-active cron; systemctl is-enabled cron' || true)" $'inactive\ndisabled'
    box ssh "$box" 'sudo systemctl enable --now cron.service'
    equal "$(box ssh "$box" 'systemctl is-active cron; systemctl is-enabled cron')" $'active\nenabled'
    stop_box "$box"
    resume_box "$box"
    equal "$(box ssh "$box" 'for _ in $(seq 50); do systemctl is-active -q cron && break; sleep 0.1; done; systemctl is-active cron')" active
    box ssh "$box" 'systemctl disable --now cron'
    equal "$(box ssh "$box" 'systemctl is-active cron' || true)" inactive
    # The commands that a package's installation script runs.
    box ssh "$box" 'sudo systemctl enable cron && sudo invoke-rc.d cron start' >/dev/null
    equal "$(box ssh "$box" 'systemctl is-active cron')" active
    fails_with 5 box ssh "$box" 'systemctl start nothing-like-it'
    match "$err" "there is no service nothing-like-it"
    fails_with 5 box ssh "$box" 'mkdir -p ~/.config/systemd/user; printf "[Service]\nExecStart=/usr/bin/sleep 60\n" >~/.config/systemd/user/mine.service; systemctl --user start mine'
    match "$err" "setsid -f /usr/bin/sleep 60"
}

test_the_boxs_size() {
    local cpus
    new_box --type small
    cpus=$(box ssh "$box" nproc)
    [ "$cpus" -le 2 ] || fail "a box of type small has $cpus processors"
    equal "$(box ssh "$box" 'python3 -c "import os; print(len(os.sched_getaffinity(0)))"')" "$cpus"
    # lxcfs is optional on the host: see Docs/Running.md.
    if [ -e /var/lib/lxcfs/proc/meminfo ]; then
        equal "$(box ssh "$box" "awk '/MemTotal/ { print \$2 }' /proc/meminfo")" $((4 << 20))
        equal "$(box ssh "$box" 'grep -c ^processor /proc/cpuinfo')" "$cpus"
        [ "$(box ssh "$box" 'cut -d. -f1 /proc/uptime')" -lt 100 ] || fail "the uptime is the host's"
        equal "$(box ssh "$box" 'unshare --user --map-root-user --pid --fork --mount-proc true && echo nested')" nested
    fi
}
