# `boxd account` and `boxd api-key` beside the running boxd.

# Creates an account for one test. Its key is in $key, the key's id in $key_id. It is removed when the test ends.
new_account() { # [flags of boxd account add]
    login=t$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
    boxd account add "$login" "$@"
    defer "boxd account remove $login --delete-boxes --yes"
    local made
    made=$(boxd api-key create --account "$login" --name test --json)
    key=$(jq -r .secret <<<"$made") key_id=$(jq -r .id <<<"$made")
}

as() { env BOX_API_KEY="$key" "$@"; }

account() { boxd account list --json | jq -c --arg login "$login" '.accounts[] | select(.login == $login)'; }

wait_account_gone() {
    for _ in $(seq 400); do
        [ -n "$(account)" ] || return 0
        sleep 0.05
    done
    fail "the account $login is still there: $(account)"
}

test_an_account_from_its_beginning_to_its_end() {
    new_account --email someone@example.com --max-boxes 2
    equal "$(as box limits --json | jq -r .maxActiveBoxes)" 2
    local mine
    mine=$(as box new --json | jq -r 'select(.event == "ready") | .id')
    match "$mine" bx_
    new_box
    equal "$(as box list --json | jq -r '[.boxes[].id] | join(" ")')" "$mine"
    fails_with 1 as box info "$box" --json
    equal "$(jq -r '.code, .status' <<<"$out" | paste -sd ' ')" "not_found 404"
    fails_with 1 box info "$mine" --json
    fails_with 1 as box delete "$box" --yes --json
    equal "$(account | jq -r '.email, .boxes, .activeBoxes, .keys, .maxBoxes, .maxPerDay' | paste -sd ' ')" \
        "someone@example.com 1 1 1 2 default"
    match "$(boxd account list)" "$login"

    fails_with 1 boxd account remove "$login"
    match "$err" "--delete-boxes"
    equal "$(as box list --json | jq '.boxes | length')" 1
    equal "$(boxd account remove "$login" --delete-boxes --json | jq -c '.removed, .boxesLeft' | paste -sd ' ')" "true 1"
    fails_with 4 as box list --json
    wait_account_gone
    ! oci list -q | grep -q "$mine" || fail "the machine of $mine still runs"
    [ ! -e "$BOXD_DATA_DIR/boxes/$mine" ] || fail "the disk of $mine is still there"
    equal "$(state_of "$box")" ready
    equal "$(box ssh "$box" echo works)" works
}

test_limits_of_an_account() {
    new_account --max-boxes 1 --max-per-minute 2
    local first
    first=$(as box new --json | jq -r 'select(.event == "ready") | .id')
    fails_with 1 as box new --json
    match "$out" limit_reached
    equal "$(as box limits --json | jq -r '.canStart, .startBlockedReason' | paste -sd ' ')" "false limit_reached"
    boxd account set "$login" --max-boxes 5
    as box new --json >/dev/null
    local answer
    answer=$(curl -sS -i -X POST -H "Authorization: Bearer $key" "http://127.0.0.1:$PORT/api/box/v1/boxes" | tr -d '\r')
    match "$answer" "HTTP/1.1 429"
    match "$answer" rate_limited
    local wait
    wait=$(sed -n 's/^Retry-After: //Ip' <<<"$answer")
    [ "$wait" -ge 1 ] && [ "$wait" -le 60 ] || fail "Retry-After is <$wait>"
    equal "$(as box limits --json | jq -r '.canStart, .startBlockedReason' | paste -sd ' ')" "false rate_limited"
    boxd account set "$login" --max-per-minute default --max-per-day 2
    equal "$(as box limits --json | jq -r '.maxCreationRequestsPerDay, .startBlockedReason' | paste -sd ' ')" "2 daily_limit_reached"
    as box stop "$first" --json >/dev/null
    as box resume "$first" --json >/dev/null
    boxd account set "$login" --max-per-day none
    equal "$(as box limits --json | jq -r .canStart)" true
}

test_keys_are_listed_and_deleted() {
    new_account
    as box list --json >/dev/null
    equal "$(boxd api-key list --account "$login" --json | jq -r '.apiKeys[] | .id, .account, .name, (.lastUsedAt != null)' | paste -sd ' ')" \
        "$key_id $login test true"
    no_match "$(boxd api-key list --json; boxd api-key list)" "$key"
    boxd api-key delete "$key_id"
    fails_with 4 as box list --json
    fails_with 1 boxd api-key delete "$key_id"
    match "$err" "boxd api-key list"
    boxd account remove "$login"
    equal "$(account)" ""
}

test_what_is_wrong_is_said() {
    fails_with 1 boxd account add "Not Valid"
    match "$err" "lower-case letters"
    fails_with 1 boxd account set nobody-here --max-boxes 3
    match "$err" "no account"
    fails_with 1 boxd api-key create --account nobody-here
    match "$err" "boxd account add"
    fails_with 2 boxd account set local
    match "$err" "nothing to change"
    fails_with 2 boxd account set local --max-boxes 0
    match "$err" "default"
    fails_with 2 boxd account set local --max-boxes none
    fails_with 1 boxd account add local
    match "$err" "already"
}
