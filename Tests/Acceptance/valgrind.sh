# Runs box under valgrind. Any error and any leaked memory is status 99.
checked() { # ARGUMENTS of box
    "${valgrind[@]}" "$WORK/bin/box" "$@"
}
valgrind=(env SWIFT_BACKTRACE=enable=no valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite
    --errors-for-leak-kinds=definite --num-callers=25 --suppressions="$ROOT/Tests/Acceptance/lib/valgrind.supp")

test_ssh_and_scp_have_no_memory_errors() {
    command -v valgrind >/dev/null || fail "valgrind is missing here: install it"
    new_box
    box ssh "$box" true
    head -c 3000000 /dev/urandom >file
    mkdir tree
    for n in $(seq 60); do echo "$n" >"tree/$n"; done
    ln -s nowhere tree/dangling
    equal "$(checked ssh -e A=b "$box" 'cat >copy; echo $A' <file)" b
    fails_with 3 checked ssh "$box" 'exit 3'
    fails_with 143 checked ssh "$box" 'kill -TERM $$'
    fails_with 1 checked scp -r -p tree file "$box:"
    box ssh "$box" 'cp file other; head -c 2000000 file >.more.box-part-x; mkfifo tree/pipe'
    fails_with 1 checked scp -r "$box:tree" down
    checked scp --resume file "$box:more"
    checked scp "$box:more" - | cmp - file
}

test_forward_has_no_memory_errors() {
    command -v valgrind >/dev/null || fail "valgrind is missing here: install it"
    new_box
    box ssh "$box" "nohup python3 -m http.server --bind 127.0.0.1 3000 >/dev/null 2>&1 </dev/null &
        until curl -fs -o /dev/null http://127.0.0.1:3000/; do sleep 0.05; done"
    "${valgrind[@]}" "$WORK/bin/box" forward "$box" 0:3000 0:3001 --json >lines 2>errors &
    local forwarder=$! port
    defer "kill $forwarder"
    for _ in $(seq 600); do [ "$(wc -l <lines)" -lt 2 ] || break; sleep 0.05; done
    port=$(sed -n 1p lines | jq .local.port)
    seq 20 | xargs -P 5 -I{} curl -fsS -o /dev/null "http://127.0.0.1:$port/"
    is_reset "http://127.0.0.1:$(sed -n 2p lines | jq .local.port)/"
    kill -TERM "$forwarder"
    local status=0
    wait "$forwarder" || status=$?
    equal "$status" 143 "$(cat errors)"
    equal "$(cat errors)" ""
}
