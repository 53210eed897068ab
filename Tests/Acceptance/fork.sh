forked() { # SOURCE: leaves the new id in $fork
    fork=$(box fork "$1" --json | jq -r 'select(.event == "ready") | .id')
    match "$fork" bx_
    defer "box delete $fork --yes --json"
}

test_a_fork_has_the_files_and_is_independent() {
    new_box
    box ssh "$box" 'echo shared > file; sudo rm /etc/issue.net; mkdir -p d/e; echo deep > d/e/f'
    stop_box "$box"
    forked "$box"
    equal "$(box ssh "$fork" 'cat file d/e/f; stat -c %U file; ls /etc/issue.net 2>&1 | grep -c "No such"')" $'shared\ndeep\nuser\n1'
    box ssh "$fork" 'echo changed > file; rm -r d'
    resume_box "$box"
    equal "$(box ssh "$box" 'cat file d/e/f')" $'shared\ndeep'
    equal "$(box ssh "$fork" cat file)" changed
}

test_a_fork_of_a_running_box_has_what_was_just_written() {
    new_box
    box ssh "$box" 'echo now > now; sudo rm -rf /usr/share/bug; sudo mkdir /usr/share/bug'
    forked "$box"
    equal "$(box ssh "$fork" 'cat now; ls /usr/share/bug | wc -l')" $'now\n0'
    equal "$(box ssh "$box" 'echo alive')" alive
}

test_a_fork_outlives_its_source() {
    new_box
    box ssh "$box" 'echo inherited > file'
    stop_box "$box"
    forked "$box"
    box delete "$box" --yes --json >/dev/null
    stop_box "$fork"
    resume_box "$fork"
    equal "$(box ssh "$fork" cat file)" inherited
    forked "$fork"
    equal "$(box ssh "$fork" cat file)" inherited
}

test_a_fork_has_its_own_host_key() {
    new_box
    forked "$box"
    box ssh "$box" true
    box ssh "$fork" true
    equal "$(awk '{print $3}' "$HOME/.config/ascii/box/known_hosts" | sort -u | wc -l)" 2
}
