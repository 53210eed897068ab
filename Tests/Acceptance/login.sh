test_login_stores_the_key_privately() {
    rm -rf "$HOME/.config"
    equal "$(box login "$(cat "$WORK/key")" --json | jq -r .event)" login_complete
    equal "$(stat -c %a "$HOME/.config/ascii/box/config.json")" 600
    equal "$(stat -c %a "$HOME/.config/ascii/box")" 700
    equal "$(box config --json | jq -r .loggedIn)" true
    equal "$(box config --json | jq -r .path)" "$HOME/.config/ascii/box/config.json"
    box logout --json >/dev/null
    equal "$(box config --json | jq -r .loggedIn)" false
}

test_status_before_any_login_names_the_file() {
    rm -rf "$HOME/.config"
    equal "$(box status --json | jq -r .config.path)" "$HOME/.config/ascii/box/config.json"
    equal "$(box status --json | jq -r .account)" null
}

test_a_file_that_a_program_wrote_is_enough() {
    rm -rf "$HOME/.config"
    local path
    path=$(box status --json | jq -r .config.path)
    mkdir -p "$(dirname "$path")"
    printf '{"api_url":"http://127.0.0.1:%s","channel":"stable","token":"%s"}' "$PORT" "$(cat "$WORK/key")" >"$path"
    unset BOX_API_URL
    equal "$(box --no-update --json list | jq -r 'has("boxes")')" true
    equal "$(box status --json | jq -r .account.identifier)" "local@localhost"
}

test_the_environment_variable_alone_is_enough() {
    rm -rf "$HOME/.config"
    equal "$(BOX_API_KEY=$(cat "$WORK/key") box limits --json | jq -r .canStart)" true
}

test_wrong_and_missing_keys() {
    rm -rf "$HOME/.config"
    fails_with 4 box list --json
    match "$out" '"event":"error"'
    match "$out" "box login"
    equal "$err" ""
    fails_with 4 env BOX_API_KEY=box_wrong box list --json
    equal "$(jq -r .code <<<"$out")" unauthorized
    equal "$(jq -r .status <<<"$out")" 401
    no_match "$out" box_wrong
    fails_with 4 box login box_wrong --json
    equal "$(box config --json | jq -r .loggedIn)" false
}

# curl takes the part of the browser. The page, the poll and the new key are real.
test_login_through_the_browser() {
    rm -rf "$HOME/.config" "$HOME/.local"
    local line url
    line=$(box login --json)
    equal "$(jq -r '.event, .nextCommand' <<<"$line" | paste -sd '|')" "login_url|box onboard --json"
    equal "$(jq -r 'has("pollToken") and has("instruction")' <<<"$line")" true
    equal "$(stat -c %a "$HOME/.local/state/ascii/box/login.json")" 600
    url=$(jq -r .url <<<"$line")
    match "$url" "http://127.0.0.1:$PORT/api/box/auth/"
    match "$(curl -fsS "$url")" "$(jq -r .code <<<"$line")"
    box onboard --json >onboarded &
    local onboard=$!
    sleep 0.3
    equal "$(cat onboarded)" "" "nothing before the confirmation"
    curl -fsS -o /dev/null --data-urlencode "state=${url##*=}" --data-urlencode "key=$(cat "$WORK/key")" -d answer=confirm \
        "http://127.0.0.1:$PORT/api/box/auth/confirm"
    wait "$onboard"
    equal "$(jq -c . onboarded)" '{"event":"login_complete","data":{"user":{"login":"local","email":"local@localhost"}}}'
    equal "$(box list --json | jq -r 'has("boxes")')" true
    no_match "$(cat "$HOME/.config/ascii/box/config.json")" "$(cat "$WORK/key")"
    equal "$(ls "$HOME/.local/state/ascii/box/login.json" 2>/dev/null)" ""
}

test_a_denied_login() {
    rm -rf "$HOME/.config" "$HOME/.local"
    local url
    url=$(box login --json | jq -r .url)
    curl -fsS -o /dev/null -d "state=${url##*=}" -d answer=deny "http://127.0.0.1:$PORT/api/box/auth/confirm"
    fails_with 4 box onboard --json
    equal "$(jq -c . <<<"$out")" '{"event":"error","error":"the login was denied in the browser"}'
    fails_with 4 box onboard --json
    match "$out" "no login is under way"
}

test_processes_that_write_the_file_at_once_lose_nothing() {
    local path=$HOME/.config/ascii/box/config.json
    printf '{"mine":[1e400,"kept"],%s' "$(tail -c +2 "$path")" >"$path.new" && mv "$path.new" "$path"
    for _ in $(seq 20); do
        box login "$(cat "$WORK/key")" --json >/dev/null &
        box list --json >/dev/null &
    done
    local job
    for job in $(jobs -p); do wait "$job"; done
    match "$(cat "$path")" '1e400'
    equal "$(jq -r '.mine[1], (.token | length > 10)' "$path" | paste -sd ' ')" "kept true"
    equal "$(ls "$HOME/.config/ascii/box")" config.json "no temporary file is left"
}

test_a_corrupt_file_is_named_and_left_alone() {
    local path=$HOME/.config/ascii/box/config.json
    printf '{"token": "box_x", ' >"$path"
    fails_with 1 box list --json
    match "$out" "$path"
    fails_with 1 box login "$(cat "$WORK/key")" --json
    match "$out" "$path"
    equal "$(cat "$path")" '{"token": "box_x", '
}
