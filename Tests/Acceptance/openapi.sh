# Docs/openapi.yaml and boxd agree: boxd serves the file, and responses to generated requests match it. Needs PyPI.

SCHEMATHESIS=schemathesis==4.32.5
CHECKS=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance

served() { curl -sS "$@" -H "Authorization: Bearer $(cat "$WORK/key")"; }

test_boxd_serves_the_description() {
    curl -fsS "$BOX_API_URL/openapi.yaml" >served.yaml
    cmp served.yaml "$ROOT/Docs/openapi.yaml"
}

test_the_description_is_valid() {
    install_packages "$SCRATCH/venv" openapi-spec-validator==0.9.0
    "$SCRATCH/venv/bin/openapi-spec-validator" "$ROOT/Docs/openapi.yaml"
}

# The parts that the description has as text, because OpenAPI can't express them.
test_head_options_and_other_methods() {
    local path prefix=/api/box/v1
    for path in $prefix/me $prefix/limits $prefix/boxes $prefix/api-keys $prefix/secrets $prefix/repos /healthz /openapi.yaml; do
        equal "$(served -I -o /dev/null -w '%{http_code} %{size_download}' "$BOX_API_URL$path")" "200 0" "HEAD $path"
        equal "$(served -X OPTIONS -o /dev/null -D heads -w '%{http_code}' "$BOX_API_URL$path")" 204 "OPTIONS $path"
        match "$(grep -i '^allow:' heads)" GET
        equal "$(served -X TRACE -o body -w '%{http_code}' "$BOX_API_URL$path")" 405 "TRACE $path"
        equal "$(jq -r '.code' body)" method_not_allowed
    done
    equal "$(served -o body -w '%{http_code}' "$BOX_API_URL$prefix/nowhere")" 404
    equal "$(jq -r '.code, .error.details.route' body | paste -sd ' ')" "not_found GET $prefix/nowhere"
}

# Every operation that needs a key: without one, with a wrong one, with a deleted one, and with the old secret of a
# rotated one.
test_keys_that_are_refused() {
    local account wrong deleted rotated method path key count=0
    account=$(new_account refused)
    wrong=box_0000000000000000000000000000000000000000000000000000000000000000
    api_of() { curl -sS -X "$1" -H "Authorization: Bearer $account" "$BOX_API_URL/api/box/v1$2" ${3+-d "$3"}; }
    api_of POST /api-keys '{"name":"gone"}' >gone
    deleted=$(jq -r .secret gone)
    api_of DELETE "/api-keys/$(jq -r .apiKey.id gone)" >gone
    api_of POST /api-keys '{"name":"old"}' >old
    rotated=$(jq -r .secret old)
    api_of POST "/api-keys/$(jq -r .apiKey.id old)/rotate" >old
    match "$(curl -sS -H "Authorization: Bearer $(jq -r .secret old)" "$BOX_API_URL/api/box/v1/me")" '"ok":true'
    awk '/^paths:/ { inside = 1 } /^components:/ { inside = 0 }
        inside && /^  \// { path = $1; sub(/:$/, "", path) }
        inside && /^    (get|put|post|patch|delete):/ { method = toupper($1); sub(/:$/, "", method); print method, path }' \
        "$ROOT/Docs/openapi.yaml" | grep -vE ' /(healthz|readyz|metrics|openapi.yaml)$' >operations
    while read -r method path; do
        path=$(sed 's/{[a-zA-Z]*}/bx_22222222/g' <<<"$path")
        for key in '' "$wrong" "$deleted" "$rotated"; do
            equal "$(curl -sS -o body -w '%{http_code}' -X "$method" ${key:+-H "Authorization: Bearer $key"} -d '{}' \
                "$BOX_API_URL/api/box/v1$path") $(jq -r .code body)" "401 unauthorized" "$method $path with <$key>"
            count=$((count + 1))
        done
    done <operations
    [ "$count" -ge 124 ] || fail "only $count requests were made: is the description read right?"
}

# BOX_API_CASES is the approximate number of requests, BOX_API_SEED selects them.
test_generated_requests() {
    local cases=${BOX_API_CASES:-300} seed=${BOX_API_SEED:-1} phases=examples,fuzzing ids key
    [ "$cases" -lt 1000 ] || phases=examples,coverage,fuzzing
    install_packages "$SCRATCH/venv" "$SCHEMATHESIS"
    # An account that can't start hundreds of machines, however many requests are made.
    key=$(new_account "fuzz$seed" --max-boxes 6 --max-per-minute 100000)
    defer "delete_boxes_of $key"
    export BOX_API_KEY=$key BOX_BASE_URL=$BOX_API_URL/api/box/v1 FUZZ_FILE=$SCRATCH/fuzz.json
    for _ in 1 2 3; do box new --type small --ttl 3600 --json | jq -r 'select(.event == "ready") | .id'; done >ids
    ids=$(jq -Rsc 'split("\n") | map(select(. != ""))' ids)
    box ssh "$(head -n 1 ids)" 'echo some text >real.txt'
    python3 "$ROOT/Tests/Acceptance/lib/store_events.py" "$BOXD_DATA_DIR/boxd.sqlite" "$(head -n 1 ids)" 5
    box events "$(head -n 1 ids)" --type prompt --json | jq -sc --argjson ids "$ids" --argjson seed "$seed" \
        '{seed: $seed, boxes: $ids, prompts: map(.data.id), path: "real.txt"}' >fuzz.json
    printf '[servers.variables]\norigin = "%s"\n' "$BOX_API_URL" >schemathesis.toml
    # That many requests of each operation, besides the examples in the file. Some have fewer different requests.
    echo "about $cases requests, seed $seed"
    PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=$ROOT/Tests/Acceptance/lib/schemathesis_hooks.py \
        "$SCRATCH/venv/bin/schemathesis" --config-file schemathesis.toml run "$BOX_API_URL/openapi.yaml" \
        -H "Authorization: Bearer $key" --phases "$phases" --checks "$CHECKS" --max-examples "$((cases / 30 + 1))" \
        --seed "$seed" --generation-database none --workers 1 --request-timeout 60 --no-color >fuzz.log 2>&1 || fail "$(cat fuzz.log)"
    grep -A 2 'Test cases:' fuzz.log
    # The resources that the run uses still exist.
    case $(state_of "$(head -n 1 ids)") in ready | idle | running) ;; *) fail "the box isn't usable any more" ;; esac
}
