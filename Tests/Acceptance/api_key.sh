test_a_key_from_creation_to_deletion() {
    local made id secret
    made=$(box api-key create --name ci --json)
    id=$(jq -r .apiKey.id <<<"$made") secret=$(jq -r .secret <<<"$made")
    defer "box api-key delete $id --yes"
    match "$id" sak_
    equal "$(BOX_API_KEY=$secret box limits --json | jq -r .canStart)" true
    equal "$(box api-key list --json | jq -r --arg id "$id" '.apiKeys[] | select(.id == $id) | .name, (.lastUsedAt != null)' | paste -sd ' ')" \
        "ci true"
    local rotated
    rotated=$(box api-key rotate "$id" --json | jq -r .secret)
    fails_with 4 env BOX_API_KEY="$secret" box list --json
    equal "$(BOX_API_KEY=$rotated box limits --json | jq -r .canStart)" true
    box api-key delete "$id" --yes --json | jq -e --arg id "$id" '[.apiKeys[].id] | index($id) | not' >/dev/null
    fails_with 4 env BOX_API_KEY="$rotated" box list --json
    fails_with 1 box api-key delete "$id" --yes --json
    equal "$(jq -r '.code, .status' <<<"$out" | paste -sd ' ')" "not_found 404"
}
