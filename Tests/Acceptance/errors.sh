# Error messages say what to do, in the documented form.

test_unknown_and_malformed_ids() {
    for id in bx_zzzzzzzz nonsense ../me 'bx_%2e'; do
        fails_with 1 box info "$id" --json
        equal "$(jq -r .event <<<"$out")" error
        match "$out" "not found"
        equal "$err" ""
    done
    fails_with 1 box info bx_zzzzzzzz --json
    equal "$(jq -c '[.code, .status]' <<<"$out")" '["not_found",404]'
}

test_arguments() {
    fails_with 2 box new --ttl soon --json
    equal "$out" ""
    match "$err" "--ttl"
    fails_with 2 box new --ttl 60 --no-auto-stop
    match "$err" "--no-auto-stop"
    fails_with 2 box new --type huge
    match "$err" "small"
    fails_with 2 box infoo x
    match "$err" "info"
    fails_with 2 box info
    match "$err" "ID"
}

test_boxd_not_running() {
    fails_with 1 env BOX_API_KEY=box_any box list --json --api-url http://127.0.0.1:9
    match "$out" "could not reach the Box API at http://127.0.0.1:9"
    equal "$(jq -r 'has("code")' <<<"$out")" false
    equal "$err" ""
}

test_host_unreachable() {
    fails_with 1 env BOX_API_KEY=box_any box list --json --api-url https://nowhere.invalid
    match "$out" "could not reach the Box API at https://nowhere.invalid"
}

test_a_stopped_box() {
    new_box
    stop_box "$box"
    fails_with 255 box ssh "$box" true
    match "$err" "box resume $box"
    fails_with 255 box --json ssh "$box" true
    equal "$(jq -r '.event, .code' <<<"$out" | tr '\n' ' ')" "error machine_not_running "
    equal "$err" ""
}

test_a_box_that_does_not_answer() {
    new_box
    box ssh "$box" true
    # The listening sshd is stopped: the kernel accepts the connection, but no banner is sent.
    local pid daemon=
    for pid in $(pgrep -f "sshd: /usr/sbin/sshd -D -E /var/log/sshd.log"); do
        if grep -q "$box" "/proc/$pid/cgroup"; then daemon=$pid; fi
    done
    kill -STOP "$daemon"
    defer "kill -CONT $daemon"
    fails_with 255 timeout 60 box ssh "$box" true
    match "$err" "$box"
    match "$err" "within 10 s"
}

test_the_api_answers_everything_in_its_envelope() {
    api GET /nothing
    equal "$status $(jq -r '.ok, .type, .code' <<<"$body" | tr '\n' ' ')" "404 false box.error not_found "
    api PUT /boxes
    equal "$status $(jq -r .code <<<"$body")" "405 method_not_allowed"
    api POST /boxes '{"ttlSeconds":'
    equal "$status $(jq -r .code <<<"$body")" "400 invalid_json"
    api POST /boxes '{"ttlSeconds":"soon"}'
    equal "$status" 400
    match "$(jq -r .message <<<"$body")" ttlSeconds
    match "$(jq -r .requestId <<<"$body")" req_
}

test_a_closed_port() {
    new_box
    box ssh "$box" true
    # The host refuses in place of the box, like a machine without sshd.
    local table="${BOXD_INSTANCE}_closed"
    defer "nft delete table ip $table"
    nft -f - <<NFT
table ip $table {
    chain output {
        type filter hook output priority 0;
        ip daddr $(ip_of "$box") tcp dport 22 reject with tcp reset
    }
}
NFT
    fails_with 255 box ssh "$box" true
    equal "$(wc -l <<<"$err")" 1
    match "$err" "refused"
    match "$err" "box info $box"
    fails_with 255 box scp "$box:x" .
    match "$err" "refused"
    fails_with 1 box wait "$box" --for ssh --timeout 1 --json
    equal "$(jq -r .event <<<"$out")" error
    nft delete table ip "$table"
    box ssh "$box" true
}
