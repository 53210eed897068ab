# The scripts of `box completion` in real shells. Each test presses Tab on a terminal and compares the completed words.

# The tests measure no speed, so a slow machine gets a long timeout.
export BOX_COMPLETION_TIMEOUT=20000

setup_of() { # SHELL
    case $1 in
        bash) echo 'source <(box completion bash)' ;;
        zsh) echo 'autoload -Uz compinit; compinit -u -D; source <(box completion zsh)' ;;
        fish) echo 'box completion fish | source' ;;
    esac
}

tab() { # SHELL LINE, and in $setup another way to load the completion
    timeout 90 python3 "$ROOT/Tests/Acceptance/lib/tab.py" "$1" "${setup:-$(setup_of "$1")}" "$2" | tr '\n' ' '
}

# The completions that every shell must have, with a box whose id is in $box.
check_shell() { # SHELL
    local short=${box%?}
    touch "notes and more" app.tar
    equal "$(tab "$1" 'box inf')" "box info "
    equal "$(tab "$1" 'box local image bu')" "box local image build "
    equal "$(tab "$1" 'box --js')" "box --json "
    equal "$(tab "$1" 'box --json list --quie')" "box --json list --quiet "
    equal "$(tab "$1" 'box new --type lar')" "box new --type large "
    equal "$(tab "$1" 'box new --type=lar')" "box new --type=large "
    equal "$(tab "$1" 'box list --state ready,stopped,err')" "box list --state ready,stopped,error "
    equal "$(tab "$1" "box info $short")" "box info $box "
    equal "$(tab "$1" 'box stop curr')" "box stop current "
    equal "$(tab "$1" "box scp $short")" "box scp $box: "
    equal "$(tab "$1" "box scp $box:out app")" "box scp $box:out app.tar "
    equal "$(tab "$1" "box scp notes")" "box scp notes and more "
    equal "$(tab "$1" "box scp app.tar $box:/tm")" "box scp app.tar $box:/tm "
    equal "$(tab "$1" "box ssh $box cat app")" "box ssh $box cat app.tar "
    equal "$(tab "$1" "box ssh $box -- uptim")" "box ssh $box -- uptime "
    equal "$(tab "$1" 'box __comp')" "box __comp "
    equal "$(tab "$1" 'box frobnicate app')" "box frobnicate app "
}

test_bash() {
    new_box
    check_shell bash
}

test_zsh() {
    new_box
    check_shell zsh
}

test_fish() {
    new_box
    check_shell fish
}

test_the_functions_without_a_terminal() {
    new_box
    # shellcheck source=/dev/null
    source <(box completion bash)
    COMP_LINE="box scp -r ${box%?}" COMP_POINT=${#COMP_LINE}
    COMP_WORDS=(box scp -r "${box%?}") COMP_CWORD=3
    _box
    equal "${COMPREPLY[*]}" "$box:"
    COMP_LINE="box new --type=" COMP_POINT=${#COMP_LINE}
    COMP_WORDS=(box new --type "=") COMP_CWORD=3
    _box
    equal "${COMPREPLY[*]}" "small default large"
    match "$(fish --no-config -c "box completion fish | source; complete -C 'box info ${box%?}'")" "$box"
    match "$(fish --no-config -c "box completion fish | source; complete -C 'box inf'")" "Show one box"
}

test_files_where_the_shells_look_for_them() {
    new_box
    mkdir zsh fish
    box completion zsh >zsh/_box
    box completion fish >fish/box.fish
    local setup
    # shellcheck disable=SC2016  # For zsh and fish.
    setup='fpath=($PWD/zsh $fpath); autoload -Uz compinit; compinit -u -D'
    equal "$(tab zsh "box info ${box%?}")" "box info $box "
    # shellcheck disable=SC2016
    setup='set fish_complete_path $PWD/fish $fish_complete_path'
    equal "$(tab fish "box info ${box%?}")" "box info $box "
}

# Without a server there are no ids, no output on stderr and no failure. Words that need no server are completed all the
# same.
test_no_server_no_login() {
    completes_quietly() { # VARIABLE=VALUE...
        equal "$(env "$@" box __complete -- info '' 2>&1)" "current	the last box made in this shell"
        match "$(env "$@" box __complete -- inf 2>&1)" "info"
    }
    completes_quietly BOX_API_URL=http://127.0.0.1:9
    completes_quietly BOX_API_URL=http://nowhere.invalid
    completes_quietly BOX_API_URL=nonsense
    completes_quietly BOX_API_KEY=box_wrong
    echo '{"token":' >"$HOME/.config/ascii/box/config.json"
    completes_quietly
    rm -rf "$HOME/.config"
    completes_quietly
}

# A server that accepts the connection and never responds. The limit is 200 ms, and a busy machine gets some more.
test_a_silent_server_is_not_waited_for() {
    python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(60)' >port &
    defer "kill $!"
    for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
    unset BOX_COMPLETION_TIMEOUT
    equal "$(BOX_API_URL=http://127.0.0.1:$(cat port) timeout 20 box __complete -- info '' 2>&1)" \
        "current	the last box made in this shell"
}

test_other_shells_are_named() {
    fails_with 2 box completion tcsh
    match "$err" "bash, zsh or fish"
    fails_with 2 box completion
    match "$err" "bash, zsh or fish"
}

test_the_manual_renders() {
    box __reference --format man >box.1
    equal "$(box __reference --format markdown | head -n 3 | tail -n 1)" "# box"
    match "$(head -n 3 box.1)" ".TH"
    match "$(box self-update --json)" '"updated":false'
}
