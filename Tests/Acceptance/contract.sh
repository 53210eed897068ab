# The output and error contract: `box` against a scripted server, field by field, and the shapes that boxd serves.

contract() { # NAME: a file of contract/
    PYTHONDONTWRITEBYTECODE=1 python3 "$ROOT/Tests/Acceptance/contract/$1.py"
}

test_successes() { contract successes; }
test_errors() { contract errors; }
test_odd_answers_and_lost_connections() { contract answers; }
test_usage() { contract usage; }
test_closed_pipes_and_full_disks() { contract streams; }
test_lossless() { contract lossless; }
test_events() { contract events; }
test_prompt() { contract prompt; }
test_providers() { contract provider; }
test_desktop() { contract desktop; }
test_a_hostile_server() { contract hostile; }
test_login_through_a_browser() { contract login; }

keys() { jq -c keys_unsorted; }
BOX_FIELDS='["id","name","state","url","ip","desktopAvailable","desktopUrl","snapshotAvailable","snapshotCompletedAt","createdAt","updatedAt","archiveAfter"]'
TIME='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$'
# Every documented field of a box, with its type.
A_BOX='
    (.id | test("^bx_[23456789abcdefghjkmnpqrstuvwxyz]{8}$")) and (.name | type == "string")
    and (.state | IN("init", "provisioning", "cloning", "ready", "idle", "running", "stopping", "stopped", "error"))
    and ([.url, .ip, .desktopUrl] | all(. == null or type == "string"))
    and ([.desktopAvailable, .snapshotAvailable] | all(type == "boolean"))
    and ([.createdAt, .updatedAt] | all(test($time)))
    and ([.snapshotCompletedAt, .archiveAfter] | all(. == null or test($time)))'

is_box() { # JSON
    equal "$(jq -c --argjson wanted "$BOX_FIELDS" '$wanted - keys_unsorted' <<<"$1")" "[]" "fields of $1"
    equal "$(jq --arg time "$TIME" "$A_BOX" <<<"$1")" true "$1"
}

test_boxd_serves_new_info_and_list() {
    box new --json --ttl 600 >lines 2>err
    local id
    id=$(head -n 1 lines | jq -r .id)
    defer "box delete $id --yes --json"
    equal "$(cat err)" ""
    equal "$(head -n 1 lines)" "{\"event\":\"created\",\"id\":\"$id\",\"ttlSeconds\":600}"
    equal "$(jq -c 'select(.event == "state") | keys_unsorted' lines | sort -u)" '["event","id","state"]'
    equal "$(tail -n 1 lines | keys)" '["event","id","state","url","ip","desktopUrl","archiveAfter","commands"]'
    equal "$(tail -n 1 lines | jq -c '[.event, .id, .state, .commands.ssh, .commands.forward]')" \
        "[\"ready\",\"$id\",\"ready\",\"box ssh $id\",\"box forward $id --remote 3000 --local 3000\"]"
    [[ $(tail -n 1 lines | jq -r .archiveAfter) =~ $TIME ]] || fail "archiveAfter"
    equal "$(box info "$id" --json | keys)" '["box"]'
    is_box "$(box info "$id" --json | jq -c .box)"
    equal "$(box list --json | keys)" '["boxes","pageInfo"]'
    equal "$(box list --json | jq -c '.pageInfo | [(.hasMore | type), (.limit | type), .nextCursor]')" '["boolean","number",null]'
    is_box "$(box list --json | jq -c --arg id "$id" '.boxes[] | select(.id == $id)')"
    equal "$(box list --json | jq -c '[.boxes[].self | type] | unique')" '["boolean"]'
}

test_boxd_serves_stop_resume_fork_and_delete() {
    new_box
    local line copy
    line=$(box stop "$box" --json)
    equal "$(keys <<<"$line") $(jq -c '[.id, .status]' <<<"$line")" "[\"id\",\"status\",\"box\"] [\"$box\",\"stopping\"]"
    is_box "$(jq -c .box <<<"$line")"
    wait_state "$box" stopped
    equal "$(box info "$box" --json | jq -c '[.box.ip, .box.snapshotAvailable]')" '[null,true]'
    [[ $(box info "$box" --json | jq -r .box.snapshotCompletedAt) =~ $TIME ]] || fail "snapshotCompletedAt"
    line=$(box resume "$box" --json --ttl 900)
    equal "$(jq -c '[.id, .status]' <<<"$line")" "[\"$box\",\"resuming\"]"
    is_box "$(jq -c .box <<<"$line")"
    wait_state "$box" ready
    line=$(box fork "$box" --json)
    copy=$(jq -r .id <<<"$line")
    defer "box delete $copy --yes --json"
    equal "$(jq -c '[.event, .status, .state, .box.id == .id]' <<<"$line")" '["ready","forking","ready",true]'
    is_box "$(jq -c .box <<<"$line")"
    equal "$(box delete "$copy" --yes --json)" "{\"id\":\"$copy\",\"status\":\"deleted\"}"
    fails_with 1 box info "$copy" --json
    equal "$(jq -c '[.event, .code, .status]' <<<"$out")" '["error","not_found",404]'
}

test_boxd_serves_every_field_of_limits() {
    equal "$(box limits --json | jq -c '
        ([.activeBoxes, .maxActiveBoxes, .maxCreationRequestsPerMinute, .creditBalanceSeconds, .subscriptionQuotaSeconds,
            .subscriptionRemainingSeconds, .packBalanceSeconds, .creditPurchasedSeconds, .creditUsedSeconds,
            .liveUsageSeconds, .creditSecondsPerDollar, .package.dollars, .package.seconds, .package.secondsPerDollar,
            (.currentLimits, .standardLimits, .trialLimits | .activeBoxes, .creationRatePerMinute)]
            | all(type == "number")),
        ([.hasSubscription, .hasPaymentHistory, .subscriptionCancelAtPeriodEnd, .checkoutRequired, .canStart]
            | all(type == "boolean")),
        ([.billingStatus, .subscriptionStatus, .accessTier, .contactMessage] | all(type == "string")),
        ([.maxCreationRequestsPerDay, (.currentLimits, .standardLimits, .trialLimits | .creationRequestsPerDay)]
            | all(. == null or type == "number")),
        ([.subscriptionTrialEndsAt, .subscriptionCurrentPeriodEnd, .startBlockedReason, .blockedReason]
            | all(. == null or type == "string")),
        (["maxCreationRequestsPerDay", "subscriptionTrialEndsAt", "subscriptionCurrentPeriodEnd", "startBlockedReason",
            "blockedReason"] - keys_unsorted == []),
        .activeStates == ["provisioned", "cloning", "ready", "idle", "running"],
        (.upgradeEffects | type) == "object", has("ok") or has("type")' | tr '\n' ' ')" \
        "true true true true true true true true false "
}

test_boxd_serves_login_config_and_status() {
    equal "$(box login "$(cat "$WORK/key")" --json | jq -c '[keys_unsorted, (.data | keys_unsorted)]')" \
        '[["event","data"],["user"]]'
    equal "$(box login "$(cat "$WORK/key")" --json | jq -c '.data.user | [(.login | type), (.email | type)]')" \
        '["string","string"]'
    equal "$(box config --json | keys)" '["path","apiUrl","channel","loggedIn"]'
    equal "$(box status --json | keys)" '["config","account"]'
    equal "$(box status --json | jq -c '.account | [.loginState, (.identifier | type)]')" '["logged_in","string"]'
}

test_boxd_serves_a_login_url() {
    rm -rf "$HOME/.config"
    timeout 20 box login --json </dev/null >line
    equal "$(wc -l <line)" 1
    equal "$(jq -c 'keys_unsorted[:5]' line)" '["event","url","pollToken","nextCommand","instruction"]'
    equal "$(jq -c '[.event, .nextCommand]' line)" '["login_url","box onboard --json"]'
    match "$(jq -r .url line)" "://"
    [ -n "$(jq -r .pollToken line)" ] || fail "no pollToken"
}
