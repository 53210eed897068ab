# Boxes with the real agents, which use a fake of their providers in the same box.

PROVIDER_KEY=sk-acceptance-0123456789abcdef

# Configures both providers and creates a box in $box with the fake on its loopback address. The fake's log is
# ~/models.log.
new_agent_box() { # [flags of box new]
    set_up_providers
    new_box "$@"
    start_models "$box"
}
export PROVIDER_KEY

set_up_providers() {
    box provider set codex --key-env PROVIDER_KEY --base-url http://127.0.0.1:9000/v1 --json >/dev/null
    box provider set claude-code --key-env PROVIDER_KEY --base-url http://127.0.0.1:9000 --json >/dev/null
}

start_models() { # ID
    box write "$1" /tmp/fake_models.py <"$ROOT/Tests/Acceptance/lib/fake_models.py" >/dev/null
    box exec "$1" -- "setsid python3 /tmp/fake_models.py --listen 127.0.0.1:9000 --port-file /tmp/port --log models.log \
        --key $PROVIDER_KEY </dev/null >/tmp/models.err 2>&1 &
        for _ in \$(seq 100); do [ ! -s /tmp/port ] || exit 0; sleep 0.05; done; cat /tmp/models.err; exit 1" >/dev/null
}

# Each line of `box prompt --json` or `box events --json` in a few words.
summary() {
    jq -r '
        def shown: if type == "string" then . else tojson end;
        def tool: "\(.use.name) <\(.use.input.command // .use.input.file_path // (.use.input | tojson))>"
            + (if .result then " = \(if .result.is_error then "error " else "" end)<\(.result.content | shown)>" else " runs" end);
        if .event != "chat" then "\(.event) \(.data.status // .error)"
        else
            (if .final then "" else "partial " end) + .data.type + " " + (
                if .data.type == "prompt" then .data.data.status + (if .data.data.error then ": " + .data.data.error else "" end)
                elif .data.type == "git_checkpoint" then "\(.data.data.commitMessage) +\(.data.data.additions) -\(.data.data.deletions) \(.data.data.branch) pushed=\(.data.data.pushed)"
                elif .data.data.tools then [.data.data.tools[] | tool] | join("; ")
                else "<\(.data.data.content // .data.data.message)>" end)
        end' | sed 's/ $//'
}

# Queues a prompt and leaves its id in $prompt.
queue() { # ID PROVIDER TEXT
    # shellcheck disable=SC2034  # The tests read it.
    prompt=$(box prompt --no-wait --json --provider "$2" "$1" "$3" | jq -r .data.promptId)
}

prompt_status() { # ID PROMPT
    api GET "/boxes/$1/prompts/$2"
    jq -r '.promptRun | .status + (if .error then ": " + .error else "" end)' <<<"$body"
}

wait_prompt() { # ID PROMPT STATUS
    local now
    for _ in $(seq 600); do
        now=$(prompt_status "$1" "$2")
        case $now in "$3"*) return 0 ;; esac
        sleep 0.05
    done
    fail "the prompt is $now, not $3"
}

# Waits until the agent runs a command that contains TEXT.
wait_process() { # ID TEXT
    box exec "$1" -- "for _ in \$(seq 200); do ! pgrep -f '[${2:0:1}]${2:1}' >/dev/null || exit 0; sleep 0.05; done; exit 1" >/dev/null
}

# The box's processes that aren't its own: those of an agent, and those that an agent started. The box removes a run a
# moment after it has reported the run's end.
left_over() { # ID
    box ssh "$1" "for _ in \$(seq 40); do
        left=\$(ps -eo args= | grep -E 'codex|claude|sleep|jobs.py|guest.py' | grep -v -E 'grep|ps -eo|for _ in')
        [ -n \"\$left\" ] || exit 0
        sleep 0.05
    done
    echo \"\$left\""
}
