"""`box events`: chat lines, each with the event as it was sent."""

import os
import signal
import subprocess

from harness import ID, Answer, box, check, environment, equal, error_line, finish, prints, script
from history import History
from lossless_values import ODD
from shapes import chat_event, info

ROUTE = f"GET /boxes/{ID}/events"
TOOLS = ('[{"use":{"id":"toolu_1","type":"tool_use","name":"bash","input":{"command":"ls"}},'
         '"result":{"type":"tool_result","tool_use_id":"toolu_1","is_error":false,"content":"a\\nb"}}]')
EVENTS = [
    chat_event("e1", "prompt", '{"prompt":"do it","status":"finished","is_reverted":false}', timestamp=1779986890000),
    chat_event("e2", "response", '{"content":"par","is_reverted":false,"model":"gpt-5.4","is_streaming":true}',
               timestamp=1779986891000),
    chat_event("e3", "response", f'{{"content":"","model":"gpt-5.4","is_reverted":false,"tools":{TOOLS}}}',
               timestamp=1779986892000),
    chat_event("e4", "git_checkpoint", '{"commit_sha":"abc","files_changed":1}', timestamp=1779986893000),
    chat_event("e5", "usage_limit", '{"resets_at":null}', timestamp=1779986894000),
    chat_event("e6", "something_new", f"{{{ODD}}}", timestamp=1779986895000),
    '{"later":1,' + chat_event("e7", "response", '{"content":"box-jsonl-audit-ok"}')[1:],
]


def chat(text):
    final = "false" if '"is_streaming":true' in text else "true"
    return f'{{"event":"chat","final":{final},"data":{text}}}'


def routes(history):
    return {ROUTE: history, f"GET /boxes/{ID}": Answer(200, info("idle"))}


def every_event_in_order():
    prints("events", ["events", ID], routes(History(EVENTS)), *map(chat, EVENTS))
    prints("events of none", ["events", ID], routes(History([])))
    many = [chat_event(f"m{number:04d}", "response", '{"content":"x"}', timestamp=1779986896114 + number)
            for number in range(450)]
    script(routes(History(many)))
    run = box("events", ID, "--json")
    ids = [line["data"]["id"] for line in run.lines]
    equal("events of several pages: no event twice, in order", ids, sorted(set(ids)))
    check("events of several pages: the last one is there", ids[-1:] == ["m0449"], ids[-1:])


def follow_goes_on_until_it_is_interrupted():
    late = chat_event("e8", "response", '{"content":"later"}', timestamp=1779986899000)
    calls = []

    def grow(history):
        calls.append(1)
        if len(calls) == 3:
            history.texts.append(late)

    script(routes(History(EVENTS, grow)))
    process = subprocess.Popen(["box", "events", ID, "--follow", "--json"], env=environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    lines = [process.stdout.readline().decode().rstrip("\n") for _ in range(len(EVENTS) + 1)]
    equal("events --follow: what is there and what comes", lines, [chat(text) for text in [*EVENTS, late]])
    check("events --follow: goes on", process.poll() is None)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    equal("events --follow: nothing more, and quiet", [out, err, process.returncode], [b"", b"", 130])


def a_reader_with_enough():
    for command in (f"box events {ID} --json", f"box events {ID} --follow --json"):
        script(routes(History([chat_event(f"m{number:04d}", "response", '{"content":"%s"}' % ("x" * 4000),
                                          timestamp=1779986896114 + number) for number in range(150)])))
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command} | head -1 | wc -l"], env=environment(),
                              capture_output=True, timeout=60)
        equal(f"{command} | head -1", [done.stdout.strip(), done.stderr, done.returncode], [b"1", b"", 0])


def failures():
    for code, status, message, text in [
        ("box_access_inactive", 402, "Your time is used up.", "Your time is used up."),
        ("not_found", 404, None, "not found (404). check the Box ID with `box list` (or use `current` if you "
                                 "created one in this shell)"),
    ]:
        body = f'{{"error":"{code}"' + (f',"message":"{message}"}}' if message else "}")
        prints(f"events: {code}", ["events", ID], {ROUTE: Answer(status, body),
                                                   f"GET /boxes/{ID}": Answer(status, body)},
               error_line(text, code, status), status=1)


every_event_in_order()
follow_goes_on_until_it_is_interrupted()
a_reader_with_enough()
failures()
finish()
