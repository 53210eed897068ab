test_a_script_on_stdin_with_large_outputs_and_a_status() {
    new_box
    cat >setup.sh <<'IN'
main() {
    cat >rest
    head -c 5242880 /dev/zero | tr '\0' o
    head -c 5242880 /dev/zero | tr '\0' e >&2
    exit 7
}
main
and the rest of the input is the script's own
IN
    local status=0
    box ssh "$box" -- bash -s <setup.sh >out 2>err || status=$?
    equal "$status" 7
    equal "$(wc -c <out) $(tr -d o <out | wc -c)" "5242880 0"
    equal "$(wc -c <err) $(tr -d e <err | wc -c)" "5242880 0"
    equal "$(box ssh "$box" cat rest)" "and the rest of the input is the script's own"
}

test_streams_are_binary_safe() {
    new_box
    head -c 20000000 /dev/urandom >data
    box ssh "$box" cat <data >copy
    cmp data copy
    equal "$(box ssh "$box" 'md5sum | cut -c1-32' <data)" "$(md5sum <data | cut -c1-32)"
}

test_words_keep_their_boundaries() {
    new_box
    equal "$(box ssh "$box" -- printf '<%s>' 'a b' "c'd" '$HOME' '' '*')" "<a b><c'd><\$HOME><><*>"
    equal "$(box ssh "$box" 'cd /tmp && pwd')" /tmp
    equal "$(box ssh "$box" -- bash -lc 'cd /var && pwd')" /var
}

test_exit_statuses() {
    new_box
    fails_with 3 box ssh "$box" 'exit 3'
    fails_with 143 box ssh "$box" 'kill -TERM $$'
    box ssh "$box" -- true
}

test_the_managed_key() {
    new_box
    box ssh "$box" true
    equal "$(stat -c %a "$HOME/.ssh/ascii_box_ed25519")" 600
    local before
    before=$(md5sum <"$HOME/.ssh/ascii_box_ed25519")
    box ssh "$box" true
    equal "$(md5sum <"$HOME/.ssh/ascii_box_ed25519")" "$before"
    # OpenSSH itself, with the same key and the same pinned host key.
    equal "$(ssh -i "$HOME/.ssh/ascii_box_ed25519" -o HostKeyAlias="$box" -o StrictHostKeyChecking=yes \
        -o UserKnownHostsFile="$HOME/.config/ascii/box/known_hosts" "user@$(ip_of "$box")" 'id -un; sudo -n id -un')" $'user\nroot'
}

test_host_keys_stay_and_a_changed_one_is_refused() {
    new_box
    box ssh "$box" true
    stop_box "$box"
    resume_box "$box"
    box ssh "$box" true
    ssh-keygen -q -t ed25519 -N '' -f other
    sed -i "s|^$box .*|$box $(cut -d' ' -f1,2 other.pub)|" "$HOME/.config/ascii/box/known_hosts"
    fails_with 255 box ssh "$box" true
    match "$err" "$box"
    match "$err" "changed"
}

test_a_terminal() {
    new_box
    # A real pseudo-terminal: typed commands, the window's size, Ctrl-C, and the exit status.
    python3 - "$box" <<'PY'
import os, pty, re, select, struct, sys, fcntl, termios, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm-256color"
    os.execvp("box", ["box", "ssh", sys.argv[1]])
def size(rows, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
seen = b""
def expect(pattern, seconds=20):
    global seen
    end = time.time() + seconds
    while not re.search(pattern, seen):
        assert time.time() < end, f"no {pattern} in {seen!r}"
        if select.select([fd], [], [], 0.2)[0]: seen += os.read(fd, 65536)
    seen = seen[re.search(pattern, seen).end():]
size(30, 100)
expect(rb"\$ ")
os.write(fd, b"stty size; echo term=$TERM; tty\n")
expect(rb"30 100\r\n.*term=xterm-256color\r\n.*/dev/pts/")
size(41, 132); time.sleep(0.3)
os.write(fd, b"stty size\n")
expect(rb"41 132")
os.write(fd, b"sleep 100\n"); time.sleep(0.5)
os.write(fd, b"\x03"); os.write(fd, b"echo after=$?\n")
expect(rb"after=130")
os.write(fd, b"exit 9\n")
while True:
    try:
        if not os.read(fd, 65536): break
    except OSError: break
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
PY
}

test_closed_descriptors() {
    new_box
    timeout 20 box ssh "$box" -- echo hi >&-
    timeout 20 box ssh "$box" -- sh -c 'echo hi; echo e >&2' 2>&- >out
    equal "$(cat out)" hi
    equal "$(timeout 20 box ssh "$box" -- sh -c 'cat; echo end' <&-)" end
}

test_variables() {
    new_box
    equal "$(box ssh -e A="it's \$x" --env B= "$box" 'echo "<$A><${B-none}>"')" "<it's \$x><>"
}

test_signals_are_the_commands_own() {
    new_box
    env --default-signal=INT box ssh "$box" "trap 'echo got it; exit 9' INT; echo started; while :; do sleep 0.1; done" >out &
    local pid=$! status=0
    for _ in $(seq 200); do [ ! -s out ] || break; sleep 0.05; done
    kill -INT $pid
    wait $pid || status=$?
    equal "$status" 9
    equal "$(cat out)" $'started\ngot it'
    env --default-signal=INT box ssh "$box" 'exec sleep 1000' &
    pid=$! status=0
    for _ in $(seq 200); do [ -z "$(box ssh "$box" pgrep -x sleep || true)" ] || break; sleep 0.05; done
    kill -TERM $pid
    wait $pid || status=$?
    equal "$status" 143
    equal "$(box ssh "$box" 'pgrep -x sleep || true')" ""
}

test_a_terminal_with_full_screen_programs() {
    new_box
    python3 "$ROOT/Tests/Acceptance/lib/terminal.py" "$box"
}

test_a_port_for_as_long_as_a_command_runs() {
    new_box
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    box ssh -L "$port:3000" "$box" 'cd /etc && exec python3 -m http.server --bind 127.0.0.1 3000 2>/dev/null' >/dev/null &
    local session=$! status=0
    defer "kill $session"
    for _ in $(seq 200); do curl -fs -o hostname "http://127.0.0.1:$port/hostname" && break; sleep 0.05; done
    equal "$(cat hostname)" "$(box ssh "$box" cat /etc/hostname)"
    fails_with 1 box ssh -L "$port:3000" "$box" true
    kill -TERM "$session"
    wait "$session" || status=$?
    equal "$status" 143
}

# A web server on this machine that has here.txt; its port is $port.
serve_here() {
    echo from-here >here.txt
    python3 -u -m http.server --bind 127.0.0.1 0 >here.log 2>&1 &
    defer "kill $!"
    for _ in $(seq 200); do grep -q port here.log && break; sleep 0.05; done
    port=$(sed -nE 's/.* port ([0-9]+) .*/\1/p' here.log)
}

test_a_port_of_the_box_that_leads_here() {
    new_box
    local port
    serve_here
    equal "$(box ssh -R "8080:$port" "$box" curl -fsS http://127.0.0.1:8080/here.txt)" from-here
    # sshd needs only one of the two loopback addresses, so both are in use.
    box ssh "$box" 'nohup python3 -c "import socket, time
s = socket.create_server((\"::\", 8022), family=socket.AF_INET6, dualstack_ipv6=True)
time.sleep(60)" >/dev/null 2>&1 </dev/null & sleep 0.5'
    fails_with 1 box ssh -R "8022:$port" "$box" true
    match "$err" "refuses to listen on localhost:8022"
}

test_a_socks_proxy_for_as_long_as_a_command_runs() {
    new_box
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    box ssh -D "$port" "$box" 'cd /etc && exec python3 -m http.server --bind 127.0.0.1 3000 2>/dev/null' >/dev/null &
    defer "kill $!"
    for kind in socks5-hostname socks5 socks4a; do
        for _ in $(seq 200); do curl -fs --$kind "127.0.0.1:$port" -o hostname http://127.0.0.1:3000/hostname && break; sleep 0.05; done
        equal "$(cat hostname)" "$(box ssh "$box" cat /etc/hostname)"
        rm hostname
    done
}

test_rsync_and_git_run_box_ssh() {
    new_box
    mkdir -p "src/sub dir"
    echo one >src/one
    echo two >"src/sub dir/it's two"
    rsync -a -e 'box ssh' src/ "$box:dst/"
    rsync -a -e 'box ssh -o BatchMode=yes -p 22' "user@$box:dst/" back/
    diff -r src back
    # rsync quotes for a remote shell, which also expands ~ and wildcards.
    rsync -a -e 'box ssh' src/one "$box:~/a b/"
    rsync -a -e 'box ssh' "$box:~/dst/o*" got/
    rsync -a -e 'box ssh' --rsync-path 'sudo rsync' "$box:/root/" root/
    equal "$(box ssh "$box" 'cat "a b/one"') $(cat got/one)" "one one"

    box ssh "$box" 'git init -q --bare -b main repo.git'
    export GIT_SSH_COMMAND='box ssh' GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    git clone -q "$box:repo.git" work 2>clone.err
    git -C work commit -q --allow-empty -m first
    git -C work push -q origin HEAD:main
    for url in "user@$box:repo.git" "ssh://user@$box:22/home/user/repo.git" "ssh://$box/~/repo.git"; do
        git clone -q "$url" "$SCRATCH/again"
        equal "$(git -C again log --format=%s)" first "$url"
        rm -rf again
    done
    GIT_TRACE_PACKET=1 git -C work -c protocol.version=2 fetch 2>trace
    match "$(cat trace)" "version 2"
    fails_with 128 git clone -q "ssh://$box:2222/home/user/repo.git" none
    match "$err" "port 22 only"

    # OpenSSH's own clients, with their own options.
    scp -q -S "$(make_wrapper)" src/one "$box:by-scp"
    scp -q -O -S "$SCRATCH/box-ssh" "$box:by-scp" by-scp
    cmp src/one by-scp
}
make_wrapper() { # scp takes one word as the program
    printf '#!/bin/sh\nexec box ssh "$@"\n' >"$SCRATCH/box-ssh"
    chmod +x "$SCRATCH/box-ssh"
    echo "$SCRATCH/box-ssh"
}

test_users_of_the_box() {
    new_box
    equal "$(box ssh "user@$box" id -un) $(box ssh -l user "$box" id -un)" "user user"
    fails_with 255 box ssh "root@$box" id
    match "$err" "use sudo"
    box ssh "$box" "sudo useradd -m -s /bin/bash -p '*' other"
    equal "$(box ssh "other@$box" id -un)" other
    fails_with 255 box ssh "nobody-else@$box" id
    match "$err" "nobody-else"
}

test_long_commands() {
    new_box
    local length status
    for shell in /bin/bash /bin/dash; do
        box ssh "$box" "sudo usermod -s $shell user"
        for length in 30000 100000 120000; do
            status=0
            equal "$(echo its own input | box ssh "$box" "# $(head -c "$length" /dev/zero | tr '\0' x)
cat; pwd; exit 9" || echo "status $?")" $'its own input\n/home/user\nstatus 9' "$shell $length"
        done
    done
    # On a terminal the script isn't typed.
    printf '# %s\ntty | cut -c1-8\n' "$(head -c 50000 /dev/zero | tr '\0' x)" >long
    match "$(script -qec "box ssh -t $box \"\$(cat long)\"" /dev/null </dev/null | tr -d '\0\r' | tail -n 1)" /dev/pts
    equal "$(box ssh "$box" 'ls -A /dev/shm /tmp | grep -c box-command || true')" 0
}
