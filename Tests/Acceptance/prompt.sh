# Prompts: the real Codex and Claude Code in real boxes, with a fake of their providers.
# shellcheck source=Tests/Acceptance/lib/agents.sh
. "$ROOT/Tests/Acceptance/lib/agents.sh"

test_codex_answers_line_by_line() {
    new_agent_box
    equal "$(box prompt --json --provider codex "$box" 'just a question' | summary)" "queued queued
prompt queued
prompt running
response <You said: just a question>
prompt finished"
    # The stored events of the run.
    equal "$(box events --json "$box" | summary)" "prompt finished
response <You said: just a question>"
    equal "$(state_of "$box")" idle
    box events --json "$box" | jq -se 'all(.final and .data.taskId == .data.taskId and (.data.timestamp | type) == "number")' >/dev/null
    box events --json "$box" | jq -se '.[1].data.data == {content: "You said: just a question", model: "gpt-5.4", is_reverted: false}' >/dev/null
    # A running tool call is shown while it runs.
    match "$(box prompt --json --provider codex "$box" '[[run sleep 1]]' | summary)" "partial response shell </bin/bash -lc 'sleep 1'> runs
response shell </bin/bash -lc 'sleep 1'> = <>"
    equal "$(left_over "$box")" ""
}

test_claude_streams_line_by_line() {
    new_agent_box
    local out told
    out=$(box prompt --json --provider claude "$box" '[[stream 4 words 0.2]]' | summary)
    equal "$(grep -v '^partial' <<<"$out")" "queued queued
prompt queued
prompt running
response <word-1 word-2 word-3 word-4 >
prompt finished"
    # A partial is the text so far. One that was replaced before it was read isn't printed; each is printed once, in
    # order.
    told=$(grep '^partial' <<<"$out")
    [ "$(wc -l <<<"$told")" -ge 2 ] || fail "too few partials: <$out>"
    equal "$(sort -u <<<"$told")" "$told"
    equal "$(grep -vxF "partial response <word-1 >
partial response <word-1 word-2 >
partial response <word-1 word-2 word-3 >
partial response <word-1 word-2 word-3 word-4 >" <<<"$told")" ""
    equal "$(box events --json "$box" | summary)" "prompt finished
response <word-1 word-2 word-3 word-4 >"
    equal "$(left_over "$box")" ""
}

# A run of several steps: it edits, runs a command, commits.
steps='[[say I begin]] [[write /home/user/work/a.txt one]] [[run cd /home/user/work && git add -A && git commit -qm "add a" && cat a.txt]] [[run exit 3]] [[say I end]]'

prepare_repository() {
    box exec "$box" -- "git config --global user.name U; git config --global user.email u@example.com; git init -q -b main work
        git init -q --bare /tmp/remote.git; git -C work remote add origin /tmp/remote.git; git -C work commit -q --allow-empty -m before" >/dev/null
}

test_codex_edits_runs_and_commits() {
    new_agent_box
    prepare_repository
    local out
    out=$(box prompt --json --provider codex --model gpt-5.5 "$box" "$steps" | summary)
    match "$out" "response <I begin>"
    grep -qF 'response apply_patch <{"changes":[{"path":"/home/user/work/a.txt","kind":"add"}]}> = <completed>' <<<"$out"
    grep -qF "git commit -qm \"add a\" && cat a.txt'> = <one" <<<"$out"
    match "$out" "response shell </bin/bash -lc 'exit 3'> = error <>"
    match "$out" "git_checkpoint add a +1 -0 main pushed=false"
    equal "$(tail -n 1 <<<"$out")" "prompt finished"
    equal "$(grep -c git_checkpoint <<<"$out")" 1
    equal "$(box cat "$box" work/a.txt)" one
}

test_claude_edits_runs_commits_and_pushes() {
    new_agent_box
    prepare_repository
    local out
    out=$(box prompt --json --provider claude-code "$box" "$steps [[edit /home/user/work/a.txt one => two]] [[run cd /home/user/work && git commit -qam second && git push -q origin main]]" | summary)
    match "$out" "response Write </home/user/work/a.txt> = <File created successfully"
    match "$out" "response Bash <exit 3> = error <Exit code 3>"
    match "$out" "git_checkpoint add a +1 -0 main"
    match "$out" "git_checkpoint second +1 -1 main pushed="
    equal "$(tail -n 1 <<<"$out")" "prompt finished"
    # The first commit was reported before it was pushed, and its event shows by now that it was pushed.
    equal "$(box events --json --type git_checkpoint "$box" | jq -c '[.data.data.commitMessage, .data.data.pushed]')" '["add a",true]
["second",true]'
    equal "$(box cat "$box" work/a.txt)" two
}

test_what_providers_refuse() {
    new_agent_box
    local out provider
    out=$(box prompt --json --provider codex "$box" '[[status 429]]' | summary) || true
    match "$out" "usage_limit <exceeded retry limit, last status: 429 Too Many Requests>"
    match "$out" "prompt failed: exceeded retry limit, last status: 429 Too Many Requests"
    # Claude retries for minutes, and reports the limit at once.
    out=$(box prompt --json --provider claude "$box" '[[status 429 times=1]] [[say got through]]' | summary)
    match "$out" "usage_limit <the provider limits the rate of requests; Claude tries again>
"
    match "$out" "response <got through>
prompt finished"
    out=$(box prompt --json --provider claude "$box" '[[usage-limit]]' | summary) || true
    match "$out" "usage_limit <Credit balance is too low>"
    match "$out" "prompt failed: Credit balance is too low"
    box provider set codex --json <<<wrong-key-9999 >/dev/null
    box provider set claude --json <<<wrong-key-9999 >/dev/null
    out=$(box prompt --json --provider codex "$box" 'x' | summary) || true
    match "$out" "prompt failed: unexpected status 401 Unauthorized: Incorrect API key provided"
    out=$(box prompt --json --provider claude "$box" 'x' | summary) || true
    match "$out" "prompt failed: the provider refuses the API key (status 401)"
    equal "$(box events --json --type response "$box" | jq -r .data.data.content)" "got through" "refusals are no answers"
    equal "$(state_of "$box")" idle
    equal "$(left_over "$box")" ""
}

test_a_cut_stream_fails_with_its_reason() {
    new_agent_box
    local out
    out=$(box prompt --json --provider codex "$box" '[[say half]] [[cut]]' | summary) || true
    match "$out" "prompt failed: stream disconnected before completion"
    out=$(box prompt --json --provider codex "$box" '[[say half]] [[cut times=1]] [[say whole]]' | summary)
    match "$out" "response <whole>"
    equal "$(tail -n 1 <<<"$out")" "prompt finished"
    out=$(box prompt --json --provider claude "$box" '[[stream 4 words 0.05]] [[cut times=1]]' | summary)
    equal "$(grep -c '^response' <<<"$out")" 1 "what was half said isn't kept"
    equal "$(tail -n 1 <<<"$out")" "prompt finished"
}

test_a_model_that_hangs_is_interrupted() {
    new_agent_box
    local provider first begun
    for provider in codex claude; do
        queue "$box" "$provider" '[[say before]] [[run tail -f /dev/null & setsid tail -f /dev/null & (setsid nohup tail -f /dev/null >/dev/null 2>&1 &); tail -F /dev/null]]'
        first=$prompt
        queue "$box" "$provider" '[[hang]]'
        wait_process "$box" 'tail -F'
        equal "$(state_of "$box")" running
        begun=$(date +%s%N)
        box interrupt "$box" --json | jq -e '.status == "interrupted"' >/dev/null
        equal "$(prompt_status "$box" "$first")" "failed: interrupted"
        no_match "$(box ssh "$box" 'pgrep -a tail || true')" tail
        wait_prompt "$box" "$prompt" running
        sleep 0.5
        box interrupt "$box" --json >/dev/null
        equal "$(prompt_status "$box" "$prompt")" "failed: interrupted"
        printf '%s: two interrupts and what came between took %s ms\n' "$provider" $((($(date +%s%N) - begun) / 1000000))
        match "$(box prompt --json --provider "$provider" "$box" '[[say after]]' | summary)" "response <after>"
    done
    equal "$(left_over "$box")" ""
}

# Commits are detected concurrently with the agent, so a slow git delays nothing.
test_an_interrupt_does_not_wait_for_git() {
    new_agent_box
    box ssh "$box" "git init -q repo && cd repo && git config user.name a && git config user.email a@b
        sudo mv /usr/bin/git /usr/bin/git.real
        printf '#!/bin/sh\\ncase \"\$*\" in *log*|*cat-file*) sleep 2.9 ;; esac\\nexec /usr/bin/git.real \"\$@\"\\n' | sudo tee /usr/bin/git >/dev/null
        sudo chmod 755 /usr/bin/git"
    queue "$box" codex '[[run cd repo; while :; do git.real commit -q --allow-empty -m x; sleep 0.1; done]]'
    wait_process "$box" 'git.real commit'
    sleep 2
    local begun
    begun=$(date +%s%N)
    box interrupt "$box" --json >/dev/null
    equal "$(prompt_status "$box" "$prompt")" "failed: interrupted"
    [ $((($(date +%s%N) - begun) / 1000000)) -lt 4000 ] || fail "the interrupt took $((($(date +%s%N) - begun) / 1000000)) ms"
    equal "$(left_over "$box")" ""
}

test_prompts_run_in_order_and_go_on_with_the_session() {
    new_agent_box
    local provider ids
    for provider in codex claude; do
        ids=()
        for text in 'the first thing' '[[run sleep 1]] the second' '[[remember]]'; do
            queue "$box" "$provider" "$text"
            ids+=("$prompt")
        done
        equal "$(prompt_status "$box" "${ids[2]}")" queued
        wait_prompt "$box" "${ids[2]}" finished
        box events --json --type response "$box" | jq -se --arg id "${ids[2]}" \
            '[.[] | select(.data.taskId == $id) | .data.data.content] | length == 1 and (.[0] | contains("the first thing"))' >/dev/null
        # A box that is stopped and resumed has the same disk, and so has a fork. The conversation continues in both.
        stop_box "$box" && resume_box "$box"
        start_models "$box"
        match "$(box prompt --json --provider "$provider" "$box" '[[remember]]' | summary)" "the first thing"
        # Without the agent's files there is no session to resume, but the prompt runs all the same.
        box exec "$box" -- 'rm -rf ~/.codex ~/.claude' >/dev/null
        match "$(box prompt --json --provider "$provider" "$box" '[[say anew]]' | summary)" "response <anew>"
    done
}

test_models_and_efforts_reach_the_provider() {
    new_agent_box
    box prompt --json --provider codex --model gpt-5.5 --reasoning-effort high "$box" one >/dev/null
    box prompt --json --provider claude --model opus --reasoning-effort max "$box" two >/dev/null
    box provider set codex --model gpt-5.4-mini --reasoning-effort low --default --json >/dev/null
    defer "box provider set codex --model '' --reasoning-effort '' --json"
    box prompt --json "$box" three >/dev/null
    equal "$(box cat "$box" models.log | jq -c 'select(.event == "request" and .path != "/api/hello") | [.model, .effort]')" \
        '["gpt-5.5","high"]
["claude-opus-5-5","max"]
["gpt-5.4-mini","low"]'
    # The API passes unknown models on; the command line only accepts known ones.
    fails_with 1 box prompt --provider codex --model nope "$box" x
    match "$err$out" 'invalid model "nope" for codex'
    api POST "/boxes/$box/prompt" '{"provider":"codex","model":"gpt-next","prompt":"x"}'
    equal "$status" 202
}

test_the_key_stays_with_the_agent() {
    new_agent_box
    box prompt --json --provider codex "$box" "[[run env; cat /proc/*/environ | tr '\\\\0' '\\\\n'; cat /proc/*/cmdline]] [[say $PROVIDER_KEY]]" >"$SCRATCH/codex"
    box prompt --json --provider claude "$box" "[[run env; cat /proc/*/environ | tr '\\\\0' '\\\\n']] [[say $PROVIDER_KEY]]" >"$SCRATCH/claude"
    # The prompt itself is the user's text.
    no_match "$(jq -c 'select(.data.type == "response")' "$SCRATCH/codex" "$SCRATCH/claude")" "$PROVIDER_KEY"
    match "$(cat "$SCRATCH/codex")" "[redacted]"
    no_match "$(box provider list; box provider list --json)" "$PROVIDER_KEY"
    no_match "$(cat "$WORK/boxd.log")" "$PROVIDER_KEY"
    # The key is nowhere on the box's disk, except where this test's fake and prompts put it.
    local found
    found=$(box ssh "$box" "sudo grep -rlF --exclude-dir=proc --exclude-dir=sys '$PROVIDER_KEY' / 2>/dev/null || true")
    no_match "$(grep -v -E '^/home/user/\.(codex|claude)/|^/home/user/models.log' <<<"$found")" /
}

test_prompts_that_cannot_be() {
    new_box
    local key
    key=$(new_account "lonely$RANDOM")
    fails_with 1 env BOX_API_KEY="$key" box prompt --json bx_22222222 x
    match "$out" '"code":"not_found"'
    BOX_API_KEY=$key box new --json >"$SCRATCH/new"
    local own
    own=$(jq -r 'select(.event == "ready") | .id' "$SCRATCH/new")
    defer "BOX_API_KEY=$key box delete $own --yes --json"
    fails_with 1 env BOX_API_KEY="$key" box prompt --json --provider codex "$own" x
    equal "$(jq -r .code <<<"$out")" provider_not_configured
    fails_with 1 env BOX_API_KEY="$key" box prompt --json "$own" x
    equal "$(jq -r .code <<<"$out")" provider_required
    stop_box "$box"
    box provider set codex --key-env PROVIDER_KEY --json >/dev/null
    fails_with 1 box prompt --json --provider codex "$box" x
    equal "$(jq -r .code <<<"$out")" machine_not_running
}

test_ends_of_a_box_end_its_run() {
    new_agent_box --ttl 600
    queue "$box" codex '[[run tail -F /dev/null]]'
    wait_process "$box" 'tail -F'
    local first=$prompt
    queue "$box" codex 'queued behind it'
    stop_box "$box"
    equal "$(prompt_status "$box" "$first")" "failed: the box was stopped"
    wait_prompt "$box" "$prompt" "failed: the box was stopped"
    resume_box "$box"
    start_models "$box"
    queue "$box" claude '[[run tail -F /dev/null]]'
    wait_process "$box" 'tail -F'
    # The time to live ends.
    box extend "$box" --ttl 1 --json >/dev/null
    wait_state "$box" stopped
    wait_prompt "$box" "$prompt" "failed: the box was stopped"
    resume_box "$box"
    start_models "$box"
    queue "$box" codex '[[run tail -F /dev/null]]'
    wait_process "$box" 'tail -F'
    # The agent is killed.
    box exec "$box" -- 'pkill -9 -x codex' >/dev/null
    wait_prompt "$box" "$prompt" "failed: the agent was ended by SIGKILL"
    equal "$(state_of "$box")" idle
    queue "$box" codex '[[run tail -F /dev/null]]'
    wait_process "$box" 'tail -F'
    # Its supervisor is killed too. It can't be known then how the agent ended.
    box ssh "$box" 'sudo pkill -9 -f guest[.]py'
    wait_prompt "$box" "$prompt" failed
    box delete "$box" --yes --json >/dev/null
    api GET "/boxes/$box/prompts/$prompt"
    equal "$status" 404
}

test_out_of_memory_is_told() {
    new_agent_box --type small
    # An agent that needs more memory than there is. The real one is replaced, because it needs less.
    box ssh "$box" "mkdir -p ~/.local/bin && printf '#!/bin/sh\nexec python3 -c \"x = bytearray(8 << 30)\"\n' > ~/.local/bin/codex && chmod +x ~/.local/bin/codex"
    queue "$box" codex x
    wait_prompt "$box" "$prompt" "failed: the box ran out of memory and the agent was ended"
    box ssh "$box" true
    equal "$(state_of "$box")" idle
}

test_runs_outlive_boxd() {
    new_agent_box
    local provider
    for provider in codex claude; do
        queue "$box" "$provider" '[[say one]] [[run sleep 1; sleep 1; sleep 1; echo slept]] [[say two]]'
        wait_process "$box" 'sleep 1'
        kill_boxd
        start_boxd
        equal "$(prompt_status "$box" "$prompt")" running
        wait_prompt "$box" "$prompt" finished
        # And one whose agent ended while no boxd ran.
        queue "$box" "$provider" '[[run sleep 1; echo slept]] [[say three]]'
        wait_process "$box" 'sleep 1'
        kill_boxd
        sleep 2.5
        start_boxd
        wait_prompt "$box" "$prompt" finished
    done
    equal "$(box events --json "$box" | jq -r 'select(.data.type == "response") | .data.data.content' | paste -sd,)" "one,,two,,three,one,,two,,three"
    equal "$(left_over "$box")" ""
}

test_a_job_is_done_once() {
    # A boxd that died before it recorded an agent's start starts the agent again. A job whose name begins with another
    # job's name continues that one.
    new_box
    box write "$box" /tmp/start.py >/dev/null <<'PY'
import json, os, subprocess, time
def start(job):
    request = {"operation": "job-start", "id": job, "arguments": ["echo done >> /tmp/done"], "environment": {}, "input": 0, "silence": 60}
    text = json.dumps(request).encode()
    subprocess.run(["/usr/bin/python3", "-ISB", "/run/box/guest.py"], input=b"%08x" % len(text) + text, stdout=subprocess.DEVNULL, check=True)
    time.sleep(0.3)
for job in ["one", "one", "one", "one-new", "one-new"]: start(job)
print(sorted(os.listdir("/run/jobs")), len(open("/tmp/done").readlines()))
start("two")
print(os.listdir("/run/jobs"))
PY
    equal "$(box ssh "$box" 'sudo python3 /tmp/start.py')" "['one', 'one-new'] 2
['two']"
}

test_a_job_outlives_whoever_follows_it() {
    new_box
    box write "$box" /tmp/follow.py >/dev/null <<'PY'
import json, socket, subprocess, time
request = {"operation": "job-start", "id": "loud", "arguments": ["while sleep 0.001; do echo line; done"], "environment": {}, "input": 0, "silence": 60}
text = json.dumps(request).encode()
subprocess.run(["/usr/bin/python3", "-ISB", "/run/box/guest.py"], input=b"%08x" % len(text) + text, stdout=subprocess.DEVNULL, check=True)
for number in range(300):
    with socket.socket(socket.AF_UNIX) as follower:
        follower.connect("/run/jobs/loud")
        follower.sendall(b"follow\n")
        follower.recv(100)
        time.sleep(0.002)
print("it lives")
PY
    equal "$(box ssh "$box" 'sudo python3 /tmp/follow.py')" "it lives"
}

test_eight_boxes_at_once() {
    new_agent_box
    local boxes=("$box") number id
    for number in $(seq 7); do
        new_box
        start_models "$box"
        boxes+=("$box")
    done
    for number in $(seq 0 7); do
        id=${boxes[number]}
        if ((number % 2)); then provider=codex; else provider=claude; fi
        box prompt --json --provider "$provider" "$id" "[[steps 50]] [[say done in $id]]" >"$SCRATCH/$id" 2>"$SCRATCH/$id.err" &
    done
    wait
    for id in "${boxes[@]}"; do
        for source in "$SCRATCH/$id" <(box events --json "$id"); do
            jq -c 'select(.final and .data.type == "response") | .data.data' "$source" >"$SCRATCH/finals"
            equal "$(jq -r 'select(.tools) | .tools[0].use.input.command | capture("step-(?<n>[0-9]+)").n' "$SCRATCH/finals" | paste -sd' ')" \
                "$(seq -s ' ' 50)" "the tools of $id"
            equal "$(jq -r 'select(.content != "") | .content' "$SCRATCH/finals")" "done in $id"
        done
        equal "$(box cat "$id" steps.txt)" "$(seq -f 'step-%g' 50)"
    done
}

test_people_see_the_work() {
    new_agent_box
    local text
    text=$(box prompt --provider claude "$box" '[[say I look]] [[run echo out]] [[run exit 3]] [[say All is well]]')
    match "$text" "I look"
    match "$text" "Bash echo out"
    match "$text" "All is well"
    no_match "$text" '{"'
    match "$(printf 'from [[say stdin]]' | box prompt --provider codex "$box")" stdin
}

test_the_work_directory_is_the_selected_repository() {
    local key id repository
    git init -q -b main "$SCRATCH/project"
    git -C "$SCRATCH/project" -c user.name=u -c user.email=u@example.com commit -q --allow-empty -m first
    key=$(new_account directories)
    defer "boxd account remove directories --delete-boxes"
    repository=$(boxd repo add --json --account directories --name me/project "$SCRATCH/project" | jq -r .databaseId)
    export BOX_API_KEY=$key
    box repos select "$repository" --json >/dev/null
    new_agent_box
    match "$(box prompt --json --provider codex "$box" '[[run pwd]]' | summary)" "= </home/user/project"
    id=$box
    # A box without the account's secrets and repositories doesn't get them.
    new_agent_box --no-env
    match "$(box prompt --json --provider codex "$box" '[[run pwd]]' | summary)" "= </home/user
>"
    box delete "$box" --yes --json >/dev/null
    box delete "$id" --yes --json >/dev/null
}
