# `box events` with boxd's real store and API. The tests write the events themselves.

store_events() { python3 "$ROOT/Tests/Acceptance/lib/store_events.py" "$BOXD_DATA_DIR/boxd.sqlite" "$@"; }
contents() { jq -r 'select(.data.type == "response") | .data.data.content | split(" ")[0]' "$1"; }
statuses() { jq -r 'select(.data.type == "prompt") | .data.data.status' "$1" | paste -sd ' '; }

test_events_shows_what_is_stored_in_order_and_ends() {
    new_box
    equal "$(box events "$box" --json)" "" "a box without events"
    store_events "$box" 450
    box events "$box" --json >lines
    equal "$(contents lines)" "$(seq 0 449)"
    equal "$(jq -c '[.event, .final, (.data | keys)]' lines | sort -u)" \
        '["chat",true,["data","id","taskId","timestamp","type"]]'
    equal "$(statuses lines)" finished
    equal "$(box events "$box" --json --limit 3 --type response | contents /dev/stdin | paste -sd ' ')" "447 448 449"
    match "$(box events "$box" --type prompt)" "> count"
    fails_with 1 box events bx_22222222 --json
    equal "$(jq -r .code <<<"$out")" not_found
}

test_events_api_pages_by_cursors_that_clients_compute() {
    new_box
    store_events "$box" 10
    api GET "/boxes/$box/events?limit=4&sort=asc&type=response"
    equal "$status" 200
    equal "$(jq -r '.type, .id' <<<"$body" | paste -sd ' ')" "events.list $box"
    local last cursor
    last=$(jq -r '.events[-1] | "\(.timestamp):\(.id)"' <<<"$body")
    cursor=$(printf %s "$last" | base64 -w 0 | tr '+/' '-_' | tr -d =)
    equal "$(jq -r .pageInfo.nextCursor <<<"$body")" "$cursor"
    api GET "/boxes/$box/events?limit=200&sort=asc&type=response&cursor=$cursor"
    equal "$(jq -r '.events[].data.content | split(" ")[0]' <<<"$body" | paste -sd ' ')" "4 5 6 7 8 9"
    equal "$(jq -c .pageInfo <<<"$body")" '{"hasMore":false,"limit":200,"nextCursor":null}'
    api GET "/boxes/$box/events?cursor=%21"
    equal "$status $(jq -r .code <<<"$body")" "400 invalid_cursor"
    api GET "/boxes/$box/events?limit=0"
    equal "$status $(jq -r .code <<<"$body")" "400 invalid_limit"
}

test_follow_has_each_event_once_while_boxd_is_killed_three_times() {
    new_box
    # A shell starts background processes with SIGINT ignored.
    env --default-signal=INT box events "$box" --follow --json >lines 2>errors &
    local follower=$!
    defer "kill $follower"
    store_events "$box" 5000 0.001 &
    local writer=$!
    for _ in 1 2 3; do
        sleep 1.5
        kill_boxd
        sleep 0.3
        start_boxd
    done
    wait "$writer"
    for _ in $(seq 200); do
        [ "$(tail -n 1 lines | jq -r .data.data.status)" != finished ] || break
        sleep 0.1
    done
    kill -INT "$follower"
    local status=0
    wait "$follower" || status=$?
    equal "$status" 130
    equal "$(contents lines | md5sum)" "$(seq 0 4999 | md5sum)" "5000 events, each once, in order"
    equal "$(statuses lines)" "sending finished"
    equal "$(tail -c 1 lines | od -An -c | tr -d ' ')" '\n' "nothing half-written"
    equal "$(cat errors)" ""
}

test_follow_shows_events_soon_after_they_are_stored() {
    new_box
    # Prints for each line the milliseconds since its commit.
    box events "$box" --follow --json --type response | python3 -uc '
import json, sys, time
for line in sys.stdin:
    print(round(time.time() * 1000 - float(json.loads(line)["data"]["data"]["content"].split()[1])))' >delays &
    defer "pkill -f 'box events $box'"
    sleep 0.5
    store_events "$box" 40 0.05
    for _ in $(seq 100); do [ "$(wc -l <delays)" -lt 40 ] || break; sleep 0.05; done
    equal "$(wc -l <delays)" 40
    echo "milliseconds from stored to printed, median: $(sort -n delays | sed -n 20p)"
}

test_the_newest_and_those_to_come() {
    new_box
    store_events "$box" 10
    box events "$box" --follow --limit 1 --type response --json >lines &
    defer "kill $!"
    for _ in $(seq 100); do [ ! -s lines ] || break; sleep 0.05; done
    sleep 1
    equal "$(contents lines)" 9
}

test_ctrl_c_leaves_no_half_line() {
    new_box
    PADDING=300000 store_events "$box" 3
    mkfifo pipe
    # The pipe isn't read until after Ctrl-C, so by then it contains a part of a line.
    exec 7<>pipe
    env --default-signal=INT box events "$box" --follow --type response --json >pipe 7<&- &
    local follower=$!
    defer "kill -KILL $follower"
    sleep 1
    kill -INT "$follower"
    sleep 0.3
    timeout 3 cat <&7 >lines || true
    exec 7<&-
    local status=0
    wait "$follower" || status=$?
    equal "$status" 130
    equal "$(wc -l <lines)" 1
    equal "$(contents lines)" 0
    # When Ctrl-C is ignored from the start, it stays ignored.
    (trap '' INT; exec box events "$box" --follow --type response --json >all) &
    follower=$!
    defer "kill -KILL $follower"
    sleep 0.5
    kill -INT "$follower"
    sleep 0.3
    kill -0 "$follower"
}
