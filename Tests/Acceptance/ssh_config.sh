test_ssh_rsync_and_git_reach_a_box_also_after_a_resume() {
    command -v rsync >/dev/null || fail "rsync is missing here: install it"
    new_box
    mkdir -p "$HOME/.ssh"
    chmod 700 "$HOME/.ssh"
    printf 'Host other\n    Port 2222\n' >"$HOME/.ssh/config"
    box ssh-config --install --json >/dev/null
    # ssh reads its configuration from the account's home directory, which isn't this test's.
    reach() { ssh -F "$HOME/.ssh/config" -o BatchMode=yes "$@"; }
    equal "$(reach "$box" 'id -un')" user
    local before
    before=$(ip_of "$box")
    equal "$(cut -d' ' -f1 <"$HOME/.config/ascii/box/known_hosts" | sort -u)" "$box"
    box ssh "$box" true

    mkdir tree
    head -c 2000000 /dev/urandom >tree/blob
    rsync -a -e "ssh -F $HOME/.ssh/config" tree/ "$box:tree/"
    equal "$(box ssh "$box" 'md5sum <tree/blob')" "$(md5sum <tree/blob)"
    git init -q repo
    git -C repo -c user.name=a -c user.email=a@b commit -q --allow-empty -m first
    box ssh "$box" 'git init -q --bare repo.git'
    GIT_SSH_COMMAND="ssh -F $HOME/.ssh/config" git -C repo push -q "ssh://$box/home/user/repo.git" HEAD:main

    stop_box "$box"
    local status=0
    reach "$box" true 2>errors || status=$?
    equal "$status" 255
    match "$(cat errors)" "box resume $box"
    resume_box "$box"
    equal "$(reach "$box" 'git -C repo.git log --format=%s main')" first
    echo "address before: $before, after: $(ip_of "$box")"
    sftp -q -F "$HOME/.ssh/config" -b <(echo 'get tree/blob got') "$box"
    cmp tree/blob got

    box ssh-config --uninstall --json >/dev/null
    equal "$(cat "$HOME/.ssh/config")" $'Host other\n    Port 2222'
}

test_names_are_hosts() {
    new_box
    box rename "$box" "My Web" --json >/dev/null
    box ssh-config --install --names --json >/dev/null
    equal "$(ssh -F "$HOME/.ssh/config" -o BatchMode=yes box-my-web 'echo $BOX_ID')" "$box"
    # By the box's id, the same key is used.
    box ssh "$box" true
}

test_a_home_directory_with_an_odd_name() {
    new_box
    # ssh reads % as the beginning of a token and splits words at blanks and quotes.
    export HOME="$SCRATCH/100% of \"my\" [home]'s"
    mkdir -p "$HOME"
    box login "$(cat "$WORK/key")" --json >/dev/null
    box ssh-config --install --json >/dev/null
    ssh -G -F "$HOME/.ssh/config" "$box" >effective
    # For some options ssh prints the value with its tokens, for others the expanded value.
    grep -qxF "identityfile ${HOME//%/%%}/.ssh/ascii_box_ed25519" effective || fail "$(grep identityfile effective)"
    grep -qF "$HOME/.config/ascii/box/known_hosts" effective || fail "$(grep userknownhostsfile effective)"
    equal "$(ssh -F "$HOME/.ssh/config" -o BatchMode=yes "$box" id -un)" user
    equal "$(cut -d' ' -f1 <"$HOME/.config/ascii/box/known_hosts")" "$box"
    box ssh-config --uninstall --json >/dev/null
    equal "$(cat "$HOME/.ssh/config")" ""
}

test_a_machine_without_a_usable_home_directory() {
    new_box
    local key
    key=$(cat "$WORK/key")
    mkdir -m 700 runtime
    chmod 755 "$SCRATCH"
    chmod 711 "$WORK"
    ci() { env -i PATH="$PATH" BOX_API_URL="$BOX_API_URL" BOX_API_KEY="$key" "$@"; }
    for home in HOME=/nonexistent HOME=/dev/null; do
        equal "$(ci "$home" XDG_RUNTIME_DIR="$SCRATCH/runtime" box ssh "$box" id -un)" user "$home"
        ci "$home" box list --json >/dev/null
        ci "$home" box exec "$box" true
    done
    equal "$(ls runtime/ascii-box)" $'ascii_box_ed25519\nascii_box_ed25519.pub\nknown_hosts'
    equal "$(stat -c %a runtime/ascii-box)" 700
    # As a user whose HOME is another user's, with their own directory under /tmp.
    chown 65534:65534 runtime
    defer "rm -rf /tmp/ascii-box-65534"
    as_nobody() { ci setpriv --reuid 65534 --regid 65534 --clear-groups env "$@"; }
    equal "$(as_nobody HOME=/root box ssh "$box" id -un)" user
    equal "$(stat -c '%U %a' /tmp/ascii-box-65534)" "nobody 700"
    chmod 755 /tmp/ascii-box-65534
    fails_with 255 as_nobody HOME=/root box ssh "$box" id -un
    match "$err" "is not a directory of yours alone"
    # A key that is given on the command line.
    equal "$(ci HOME=/nonexistent XDG_RUNTIME_DIR="$SCRATCH/runtime" box ssh --ssh-key "$SCRATCH/ci key" "$box" id -un)" user
    equal "$(ci HOME=/nonexistent BOX_SSH_KEY="$SCRATCH/ci key" box scp "$box:/etc/hostname" "$SCRATCH/hostname"; wc -l <"$SCRATCH/hostname")" 1
    BOX_SSH_KEY="$SCRATCH/ci key" box ssh-config >config
    equal "$(ssh -F config -o BatchMode=yes "$box" id -un)" user
}
