test_ssh_rsync_and_git_reach_a_box_also_after_a_resume() {
    command -v rsync >/dev/null || fail "rsync is missing here: install it"
    new_box
    mkdir -m 700 -p "$HOME/.ssh"
    printf 'Host other\n    Port 2222\n' >"$HOME/.ssh/config"
    box ssh-config --install --json >/dev/null
    # ssh looks for its configuration in the account's home folder, which isn't this test's.
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
    # Under its id the key is the same one.
    box ssh "$box" true
}
