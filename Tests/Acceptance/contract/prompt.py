"""`box prompt`: a queued line, then chat lines until the prompt finishes."""

import json
import os
import pty
import select
import signal
import subprocess

from harness import ID, Answer, box, check, environment, equal, error_line, finish, ok, prints, script, server
from history import History
from shapes import chat_event, info

PROMPT = "09690a68-5aee-4b35-a2e7-eb1b64e3e104"
POST = f"POST /boxes/{ID}/prompt"
SETUP = "https://box.ascii.dev/dashboard?tab=agents"
ANSWER = chat_event("a75c1426-23bf-4eae-9131-c957046a2af5", "response",
                    '{"content":"box-jsonl-audit-ok","is_reverted":false,"model":"gpt-5.4"}')
RUNNING = chat_event(PROMPT, "prompt", '{"prompt":"x","status":"running"}', task=PROMPT, timestamp=1779986890000)
PARTIAL = ANSWER.replace("a75c1426", "a75c0000").replace('"model"', '"is_streaming":true,"model"')


def queued(provider="codex"):
    run = f'{{"id":"{PROMPT}","promptId":"{PROMPT}","boxId":"{ID}","status":"queued","done":false}}'
    return (f'{{"ok":true,"type":"prompt.queued","id":"{ID}","promptId":"{PROMPT}","promptRun":{run},'
            f'"status":"queued","provider":"{provider}","model":null,"reasoningEffort":null}}')


class Work:
    """A prompt whose status changes with every read: queued, running, finished."""

    def __init__(self, provider="codex"):
        self.provider, self.looks, self.is_queued = provider, 0, False

    def queue(self, _):
        self.is_queued = True
        return Answer(202, queued(self.provider))

    @property
    def status(self):
        return "queued" if self.looks < 2 else "running" if self.looks < 5 else "finished"

    def event(self):
        data = f'{{"prompt":"p","status":"{self.status}","is_reverted":false}}'
        return chat_event(PROMPT, "prompt", data, task=PROMPT, timestamp=1779986890000)

    def grow(self, history):
        if not self.is_queued:
            return
        self.looks += 1
        history.texts = [self.event()] + ([PARTIAL] if self.status == "running" else [])
        history.texts += [ANSWER] if self.status == "finished" else []

    def run(self, _):
        self.looks += 1
        done = json.dumps(self.status == "finished")
        return ok(f'{{"ok":true,"type":"prompt.run","id":"{ID}","promptRun":{{"id":"{PROMPT}","promptId":"{PROMPT}",'
                  f'"boxId":"{ID}","status":"{self.status}","done":{done},"createdAt":"2026-05-28T16:00:33.143Z",'
                  '"model":null,"reasoningEffort":null}}')

    def routes(self):
        return {POST: self.queue, f"GET /boxes/{ID}/events": History([], self.grow),
                f"GET /boxes/{ID}/prompts/{PROMPT}": self.run, f"GET /boxes/{ID}": ok(info("running"))}


def queued_then_chat_lines():
    script(Work().routes())
    run = box("prompt", "--provider", "codex", ID, "Say hello.", "--json")
    lines = run.lines
    equal("prompt: the first line", lines[0]["event"], "queued")
    for name, value in {"id": ID, "promptId": PROMPT, "status": "queued", "provider": "codex", "model": None,
                        "reasoningEffort": None}.items():
        check(f"prompt: queued has {name}", lines[0]["data"].get(name, "absent") == value, lines[0])
    check("prompt: no envelope", not {"ok", "type"} & set(lines[0]["data"]), lines[0])
    for line in lines[1:]:
        equal("prompt: a chat line", list(line), ["event", "final", "data"])
        equal("prompt: its event", line["event"], "chat")
        equal("prompt: final", line["final"], not line["data"]["data"].get("is_streaming", False))
    check("prompt: the answer, as it was sent, once",
          run.out.count(f'{{"event":"chat","final":true,"data":{ANSWER}}}\n') == 1, run.out)
    order = [line["data"]["data"]["status"] for line in lines[1:] if line["data"]["type"] == "prompt"]
    equal("prompt: its states in order, each once", order,
          [word for word in ("queued", "running", "finished") if word in order])
    equal("prompt: stderr, exit status", [run.err, run.status], ["", 0])
    equal("prompt: no odd request", server.problems, [])


def the_request():
    for words, expected in [
        (["--provider", "codex"], {"provider": "codex"}),
        (["--provider", "claude"], {"provider": "claude-code"}),
        (["--provider", "claude-code"], {"provider": "claude-code"}),
        (["--provider", "codex", "--model", "gpt-5.5"], {"provider": "codex", "model": "gpt-5.5"}),
    ]:
        script(Work(expected["provider"]).routes())
        box("prompt", *words, ID, "Say hello.", "--json")
        sent: dict = next((json.loads(request.body) for request in server.seen if request.route == POST), {})
        check(f"prompt {' '.join(words)}: the prompt", sent.get("prompt") == "Say hello.", sent)
        for name, value in expected.items():
            check(f"prompt {' '.join(words)}: {name}", sent.get(name) == value, sent)


def failures():
    prints("prompt: invalid provider", ["prompt", "--provider", "nope", ID, "x"], {},
           error_line('invalid provider "nope". Use codex or claude.'), status=1)
    for code, status, message, fields, text in [
        ("provider_not_configured", 409, "Locked.", f',"provider":"codex","setupUrl":"{SETUP}"',
         f"Locked. See {SETUP}"),
        ("box_not_promptable", 409, "It is archived.", ',"state":"archived"', "It is archived."),
        ("billing_required", 402, "Pay.", ',"status":"blocked","billingUrl":"https://d/b?box_token=s3cr3t"',
         "Pay. See https://d/b"),
        ("prompt_required", 400, "No prompt.", "", "No prompt."),
        ("provider_required", 400, "No provider.", "", "No provider."),
        ("account_not_ready", 409, "Link GitHub.", "", "Link GitHub."),
    ]:
        inner = f'{{"code":"{code}","message":"{message}","status":{status},"details":{{{fields[1:]}}}}}'
        for name, body in [("bare", f'{{"error":"{code}","message":"{message}"{fields}}}'),
                           ("envelope", f'{{"ok":false,"type":"box.error","code":"{code}","error":{inner}}}')]:
            script(Work().routes() | {POST: Answer(status, body)})
            run = box("prompt", "--provider", "codex", ID, "x", "--json")
            line = run.lines[-1]
            equal(f"prompt: {code}, {name}", [len(run.lines), line["code"], line["status"], run.err, run.status],
                  [1, code, status, "", 1])
            check(f"prompt: {code}, {name}: words", line["error"].startswith(text), line["error"])


def an_interruption_ends_the_watching_only():
    work = Work()

    def run(history):
        history.texts = [RUNNING] if work.is_queued else []

    script(work.routes() | {f"GET /boxes/{ID}/events": History([], run)})
    process = subprocess.Popen(["box", "prompt", ID, "x", "--json"], env=environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    assert process.stdout
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    equal("prompt, interrupted: lines", [line["event"] for line in lines], ["queued", "chat"])
    equal("prompt, interrupted: the end", [out, err, process.returncode], [b"", b"", 130])
    check("prompt, interrupted: the work goes on", not [request for request in server.seen if "interrupt" in request.path])


def a_person_who_interrupts_is_told_how_it_goes_on():
    work = Work()
    half = PARTIAL.replace("box-jsonl-audit-ok", "half a li")

    def run(history):
        history.texts = [RUNNING, half] if work.is_queued else []

    script(work.routes() | {f"GET /boxes/{ID}/events": History([], run)})
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe("box", ["box", "prompt", ID, "x"], environment({"TERM": "xterm", "NO_COLOR": "1"}))
    shown = b""
    while b"codex works" not in shown and select.select([terminal], [], [], 20)[0]:
        shown += os.read(terminal, 4096)
    check("prompt on a terminal: the text stands above the status line",
          b"half a li\x1bD\x1b[A\x1b7\r\r\n\x1b[K" in shown, shown)
    os.write(terminal, b"\x03")
    try:
        while select.select([terminal], [], [], 20)[0] and (chunk := os.read(terminal, 4096)):
            shown += chunk
    except OSError:
        pass  # Linux reports the end of a terminal with this error.
    check("prompt on a terminal, interrupted: what goes on",
          f"the work goes on. watch it with `box events {ID} -f`, or end it with `box interrupt {ID}`\r\n".encode()
          in shown, shown)
    equal("prompt on a terminal, interrupted: exit status", os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 130)


queued_then_chat_lines()
the_request()
an_interruption_ends_the_watching_only()
a_person_who_interrupts_is_told_how_it_goes_on()
failures()
finish()
