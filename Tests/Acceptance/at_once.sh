# Twenty concurrent actions on one box. `ActionsAtOnceTests` runs every pair of actions on an engine without machines.
# Here every pair needs BOX_AT_ONCE=pairs and two minutes.

test_twenty_at_once() {
    local key
    key=$(new_account "at-once-$$" --max-per-minute 100000)
    defer "delete_boxes_of $key"
    python3 "$ROOT/Tests/Acceptance/at_once/actions.py" "$BOX_API_URL/api/box/v1" "$key" "${BOX_AT_ONCE:-mixed}"
}

# Of two concurrent installations of keys, the later one must install both keys.
test_keys_at_once() {
    new_box
    local index adding=()
    for index in $(seq 20); do
        ssh-keygen -q -t ed25519 -N '' -C "k$index" -f "$SCRATCH/k$index"
    done
    for index in $(seq 20); do
        api POST "/boxes/$box/sshkey" "$(jq -nc --rawfile key "$SCRATCH/k$index.pub" '{key: $key}')" &
        adding+=($!)
    done
    wait "${adding[@]}"
    local known
    known=$(box ssh "$box" 'cat /run/box/authorized_keys')
    for index in $(seq 20); do match "$known" " k$index"; done
}

# A machine that runs while its box is in `error` would count against no limit and never reach a time to live.
test_a_start_that_fails_leaves_no_machine() {
    local key id fork
    key=$(new_account "failing-$$")
    export BOX_API_KEY=$key
    defer "delete_boxes_of $key"
    echo secret | box secrets file set conf/secret --json
    new_box
    id=$box
    box ssh "$id" 'sudo rm /usr/bin/python3'
    fork=$(curl -sS -X POST -H "Authorization: Bearer $key" -d '{"noEnv":true}' "$BOX_API_URL/api/box/v1/boxes/$id/fork" | jq -r .id)
    match "$fork" bx_
    wait_state "$fork" error
    equal "$(oci list --format json | jq -c "[.[] | select(.id == \"$fork\" and .status != \"stopped\")]")" "[]"
}
