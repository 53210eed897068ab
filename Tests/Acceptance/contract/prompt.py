"""`box prompt`: a queued line, then chat lines until the prompt finishes."""

import json

from harness import ID, Answer, box, check, equal, error_line, finish, ok, prints, script, server
from history import History
from shapes import chat_event, info

PROMPT = "09690a68-5aee-4b35-a2e7-eb1b64e3e104"
POST = f"POST /boxes/{ID}/prompt"
SETUP = "https://box.ascii.dev/dashboard?tab=agents"
ANSWER = chat_event("a75c1426-23bf-4eae-9131-c957046a2af5", "response",
                    '{"content":"box-jsonl-audit-ok","is_reverted":false,"model":"gpt-5.4"}')
PARTIAL = ANSWER.replace("a75c1426", "a75c0000").replace('"model"', '"is_streaming":true,"model"')


def queued(provider="codex"):
    run = f'{{"id":"{PROMPT}","promptId":"{PROMPT}","boxId":"{ID}","status":"queued","done":false}}'
    return (f'{{"ok":true,"type":"prompt.queued","id":"{ID}","promptId":"{PROMPT}","promptRun":{run},'
            f'"status":"queued","provider":"{provider}","model":null,"reasoningEffort":null}}')


class Work:
    """A prompt that moves on with every look at it: queued, running, finished."""

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
        sent = next((json.loads(request.body) for request in server.seen if request.route == POST), {})
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


queued_then_chat_lines()
the_request()
failures()
finish()
