# Repositories: added by the operator or from GitHub, selected, and cloned into new boxes.

field() { jq -r "$1" <<<"$body"; }
run() { api POST "/boxes/$box/commands" "$(jq -nc --arg command "$1" '{command: $command}')"; }

# Makes a repository with the branches main and other on this host: make_repository DIRECTORY
make_repository() {
    git init -q -b main "$1"
    git -C "$1" config user.name Somebody
    git -C "$1" config user.email somebody@example.org
    echo one >"$1/file"
    git -C "$1" add .
    git -C "$1" commit -qm first
    git -C "$1" checkout -qb other
    echo two >"$1/file"
    git -C "$1" commit -qam second
    git -C "$1" checkout -q main
}
offer() { boxd repo add --json "$@" | jq -r .databaseId; }
select_repository() { # ID [BRANCH]
    api POST /repos "$(jq -nc --arg id "$1" '{repositoryId: $id} + ($ARGS.positional[0] // null | if . then {baseBranch: .} else {} end)' --args "${@:2}")"
    defer "boxd repo remove $1"
}
wait_ready() { wait_state "$1" ready; }

test_one_of_this_host() {
    make_repository "$SCRATCH/tools"
    chown -R 1000:1000 "$SCRATCH/tools"
    chmod 711 "$SCRATCH" # its owner has to get to it
    id=$(offer "$SCRATCH/tools" --name acme/tools)
    select_repository "$id" other
    equal "$status $(field .type) $(field '.selectedRepositories[0].fullName') $(field '.selectedRepositories[0].baseBranch')" \
        "200 repos.updated acme/tools other"
    box new --json >"$SCRATCH/new"
    box=$(jq -r 'select(.event == "ready") | .id' "$SCRATCH/new")
    defer "box delete $box --yes --json"
    match "$(jq -r .state "$SCRATCH/new" | tr '\n' ' ')" "cloning ready"
    run 'cd tools && cat file && git branch --show-current && git remote get-url origin && stat -c %U . && ls -A ~ /tmp'
    equal "$(field .exitCode)" 0 "$body"
    equal "$(field .stdout | head -n 4)" "two
other
$SCRATCH/tools
user"
    no_match "$(field .stdout)" .box-
    # An existing directory stays, and nothing is cloned over it.
    run 'echo mine > tools/file'
    stop_box "$box"
    resume_box "$box"
    api POST "/boxes/$box/fork"
    box=$(field .box.id)
    defer "box delete $box --yes --json"
    wait_ready "$box"
    run 'cat tools/file'
    equal "$(field .stdout)" mine
    equal "$(ls -A "$BOXD_DATA_DIR/scratch")" ""
}

# The owner of a repository on the host could replace it by a link to another one.
test_a_link_lends_nobodys_rights() {
    make_repository "$SCRATCH/secret"
    mkdir "$SCRATCH/theirs"
    make_repository "$SCRATCH/theirs/tools"
    chown -R 1000:1000 "$SCRATCH/theirs"
    chmod 700 "$SCRATCH/secret"
    chmod 711 "$SCRATCH"
    select_repository "$(offer "$SCRATCH/theirs/tools" --name theirs/tools)"
    mv "$SCRATCH/theirs/tools" "$SCRATCH/theirs/old"
    ln -s "$SCRATCH/secret" "$SCRATCH/theirs/tools"
    new_box
    match "$(box info "$box" --json | jq -r '.box.warnings[]')" "or its path leads through a link"
    fails_with 2 box ssh "$box" ls tools
    # The same with a directory on the way.
    mv "$SCRATCH/theirs" "$SCRATCH/elsewhere"
    mkdir "$SCRATCH/links"
    mv "$SCRATCH/secret" "$SCRATCH/links/tools"
    ln -s "$SCRATCH/links" "$SCRATCH/theirs"
    new_box
    fails_with 2 box ssh "$box" ls tools
}

test_a_failing_clone_leaves_the_box() {
    make_repository "$SCRATCH/good"
    chmod 711 "$SCRATCH"
    select_repository "$(offer "$SCRATCH/good" --name acme/good)" nosuchbranch
    select_repository "$(offer git://127.0.0.1:9/acme/none.git)"
    make_repository "$SCRATCH/fine"
    select_repository "$(offer "$SCRATCH/fine" --name acme/fine)"
    new_box
    box info "$box" --json >"$SCRATCH/info"
    match "$(jq -r '.box.warnings[0]' "$SCRATCH/info")" "repository acme/good could not be cloned"
    match "$(jq -r '.box.warnings[0]' "$SCRATCH/info")" nosuchbranch
    match "$(jq -r '.box.warnings[1]' "$SCRATCH/info")" "repository acme/none could not be cloned"
    run 'ls -A | grep -v "^\."; cat fine/file'
    equal "$(field .stdout)" $'fine\none'
}

# Clients get messages. The output of git and curl is in boxd's log.
test_what_tools_say_is_in_the_log_only() {
    make_repository "$SCRATCH/broken"
    git init -q "$SCRATCH/empty"
    chmod 711 "$SCRATCH"
    select_repository "$(offer "$SCRATCH/broken" --name acme/broken)"
    select_repository "$(offer "$SCRATCH/empty" --name acme/empty)"
    find "$SCRATCH/broken/.git/objects" -type f -delete
    new_box
    equal "$(box info "$box" --json | jq -c .box.warnings)" \
        '["repository acme/broken could not be cloned: git can'"'"'t read it on the server, whose log says why","repository acme/empty could not be cloned: it has no commits yet"]'
    match "$(grep -B 5 acme/broken "$WORK/boxd.log")" "fatal: "
    echo gh-token-1 | boxd github set --api-url http://127.0.0.1:9
    defer "boxd github remove"
    api GET "/repos?sync=true"
    equal "$status $(field .code) $(field .message)" \
        "409 repository_sync_failed GitHub can't be reached from the server: nothing answers there"
    no_match "$body" curl
    match "$(grep -B 5 "can't be reached" "$WORK/boxd.log")" "curl: (7)"
}

test_two_of_one_name() {
    make_repository "$SCRATCH/a"
    make_repository "$SCRATCH/b"
    chmod 711 "$SCRATCH"
    local first second
    first=$(offer "$SCRATCH/a" --name acme/tools --branch other)
    second=$(offer "$SCRATCH/b" --name zoo/tools)
    select_repository "$first"
    select_repository "$second"
    new_box
    run 'cat tools/file; ls /tmp'
    equal "$(field .stdout)" two "the branch that it was offered with"
    match "$(box info "$box" --json | jq -r '.box.warnings[0]')" "repository zoo/tools could not be cloned: there is something else called tools"
}

test_boxes_without_an_environment_get_none() {
    make_repository "$SCRATCH/tools"
    chmod 711 "$SCRATCH"
    select_repository "$(offer "$SCRATCH/tools" --name acme/tools)"
    new_box --no-env
    run 'ls'
    equal "$(field .stdout)" ""
}

test_a_stop_while_cloning() {
    # A server that never responds.
    python3 -c 'import socket, time; s = socket.socket(); s.bind(("0.0.0.0", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(60)' >"$SCRATCH/port" &
    defer "kill $!"
    until [ -s "$SCRATCH/port" ]; do sleep 0.05; done
    # boxd's own address in the boxes' network doesn't respond either: packets to the host are dropped.
    select_repository "$(offer "git://10.255.255.1:$(cat "$SCRATCH/port")/acme/slow.git")"
    api POST /boxes
    box=$(field .box.id)
    defer "box delete $box --yes --json"
    wait_state "$box" cloning
    api POST "/boxes/$box/commands" '{"command":"true"}'
    equal "$status $(field .code)" "409 box_starting"
    begun=$SECONDS
    stop_box "$box"
    [ $((SECONDS - begun)) -lt 15 ] || fail "the stop waited for the clone"
}

test_lists() {
    make_repository "$SCRATCH/x"
    local name id
    for name in acme/alpha acme/beta zoo/Gamma; do
        id=$(offer "$SCRATCH/x" --name "$name")
        defer "boxd repo remove $id"
        sleep 0.01
    done
    api POST /repos "{\"repositoryId\":\"$id\"}"
    api GET "/repos?sort=asc"
    equal "$(field '[.installations[] | .accountLogin + ":" + ([.repositories[].name] | join(","))] | join(" ")')" "acme:alpha,beta zoo:Gamma"
    equal "$(field .type) $(field .pageInfo.hasMore) $(field '.selectedRepositories[0].name')" "repos.list false Gamma"
    api GET "/repos?q=GAM"
    equal "$(field '[.installations[].repositories[].name] | join(",")')" Gamma
    api GET "/repos?q=%25"
    equal "$(field '.installations | length')" 0
    api GET "/repos?selected=true"
    equal "$(field '[.installations[].repositories[].name] | join(",")')" Gamma
    api GET "/repos?selected=false&sort=asc"
    equal "$(field '[.installations[].repositories[].name] | join(",")')" alpha,beta
    local cursor='' seen=''
    while :; do
        api GET "/repos?limit=1${cursor:+&cursor=$cursor}"
        seen+=" $(field '.installations[0].repositories[0].name')"
        cursor=$(field .pageInfo.nextCursor)
        [ "$cursor" != null ] || break
    done
    equal "$seen" " Gamma beta alpha"
    for query in sync=maybe selected=2 sort=up limit=0 cursor=x; do
        api GET "/repos?$query"
        equal "$status" 400 "$query"
    done
    api POST /repos '{"repositoryId":"repo_none"}'
    equal "$status $(field .code)" "404 not_found"
    api POST /repos '{}'
    equal "$status $(field .code)" "400 invalid_repository"
    api POST /repos "{\"repositoryId\":\"$id\",\"baseBranch\":\"--upload-pack=x\"}"
    equal "$status $(field .code)" "400 invalid_base_branch"
    api POST /repos "{\"repositoryId\":\"$id\",\"selected\":false}"
    equal "$(field '.selectedRepositories | length')" 0
    equal "$(box repos list --json | jq -s '[.[] | .installations[]?.repositories[]?] | length')" 3
}

test_bad_offers() {
    fails_with 1 boxd repo add "$SCRATCH/nothing"
    match "$err" "there is no git repository"
    fails_with 1 boxd repo add --name x/y ftp://example.org/x
    match "$err" "use an https, ssh or git URL"
    fails_with 1 boxd repo add https://user:hunter2@example.org/a/b
    match "$err" "has a password"
    no_match "$err" hunter2
    fails_with 1 boxd repo add --account nobody https://example.org/a/b
    match "$err" "no account"
    fails_with 1 boxd repo remove acme/none
    match "$err" "boxd repo list"
}

# Another host, which boxes and this host can reach. Boxes can't reach this host. Its address is $other_host.
other_host() {
    other_namespace=$BOXD_INSTANCE-other
    other_host=10.213.77.2
    ip netns add "$other_namespace"
    defer "ip netns delete $other_namespace"
    ip link add "o$BOXD_INSTANCE" type veth peer name eth0 netns "$other_namespace"
    defer "ip link delete o$BOXD_INSTANCE"
    ip address add 10.213.77.1/30 dev "o$BOXD_INSTANCE"
    ip link set "o$BOXD_INSTANCE" up
    ip -n "$other_namespace" address add "$other_host/30" dev eth0
    ip -n "$other_namespace" link set eth0 up
    ip -n "$other_namespace" route add default via 10.213.77.1
    on_other_host() {
        # With & the shell's own process becomes the program, so that killing $! ends it.
        if [ "$BASHPID" != $$ ]; then exec ip netns exec "$other_namespace" "$@"; fi
        ip netns exec "$other_namespace" "$@"
    }
}

# A fake of GitHub: its REST API's list, and git over HTTP with the token.
test_github() {
    other_host
    make_repository "$SCRATCH/site"
    git clone -q --bare "$SCRATCH/site" "$SCRATCH/site.git"
    on_other_host python3 "$ROOT/Tests/Acceptance/lib/fake_github.py" "$SCRATCH" "$other_host" gh-token-1 >"$SCRATCH/url" &
    defer "kill $!"
    until [ -s "$SCRATCH/url" ]; do sleep 0.05; done
    fails_with 1 boxd github remove
    echo wrong-token | boxd github set --api-url "$(cat "$SCRATCH/url")"
    defer "boxd github remove"
    api GET /repos
    equal "$status $(field .code)" "409 repository_sync_failed"
    match "$(field .message)" "Bad credentials"
    no_match "$body" wrong-token
    echo gh-token-1 | boxd github set --api-url "$(cat "$SCRATCH/url")"
    api GET /repos?limit=200
    equal "$(field '[.installations[].repositories[]] | length')" 102
    equal "$(field '[.installations[] | select(.accountLogin == "octo")][0] | .type + " " + .repositories[0].permissions')" "Organization write"
    id=$(field '[.installations[].repositories[] | select(.fullName == "octo/site")][0].databaseId')
    equal "$(field '[.installations[].repositories[] | select(.fullName == "octo/site")][0].id')" 7
    select_repository "$id" other
    new_box
    run 'cat site/file; git -C site remote get-url origin; grep -rc gh-token-1 site/.git/config; env | grep -c GIT_CONFIG'
    equal "$(field .stdout | head -n 1)" two "$body"
    equal "$(field '.stdout | split("\n")[2:4] | join(" ")')" "0 0"
    ! grep -qa gh-token-1 "$BOXD_DATA_DIR/boxd.sqlite" "$BOXD_DATA_DIR/boxd.sqlite-wal" "$WORK/boxd.log" || fail "the token is readable"
    # A repository that was removed from GitHub is removed here.
    touch "$SCRATCH/gone"
    api GET "/repos?sync=true&limit=200"
    equal "$(field '[.installations[].repositories[]] | length')" 1
    equal "$(field '.selectedRepositories | length')" 0
}
