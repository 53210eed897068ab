"""Prompts, their runs, and events. The real agents use a fake of their providers, which runs in the box."""

import itertools
import time
import uuid

from ascii_box_sdk.models.prompt_request import PromptRequest

from harness import LIB, QUICK, TIMEOUT, every_page, refused, shows

REQUEST = PromptRequest(provider="codex", model="gpt-5.4", reasoning_effort="low", prompt="Run the tests.")


def what_prompts_refuse(fixture):
    with fixture.new_box() as box_id:
        path = f"/boxes/{box_id}/prompt"
        refused("no prompt", 400, "prompt_required", fixture.call, "POST", path, {"provider": "codex"})
        refused("no provider", 400, "provider_required", fixture.call, "POST", path, {"prompt": "x"})
        details = refused("prompt", 409, "provider_not_configured", fixture.box.prompt, box_id, REQUEST)
        shows("the error names the provider", details["provider"], "codex")
        shows("and where to set it up", details["setupUrl"].startswith("http"))
        stream = fixture.helpers.stream_prompt(fixture.box, box_id, REQUEST, TIMEOUT, QUICK)
        refused("stream_prompt", 409, "provider_not_configured", next, stream)
        alias = PromptRequest(provider="claude", prompt="x")
        details = refused("claude", 409, "provider_not_configured", fixture.box.prompt, box_id, alias)
        shows("claude is claude-code", details["provider"], "claude-code")
        unknown = str(uuid.uuid4())
        refused("a run that isn't there", 404, "not_found", fixture.box.prompt_run_status, box_id, unknown)
        answer = fixture.box.interrupt(box_id)
        shows("interrupt", (answer.type, answer.id, answer.status), ("box.interrupted", box_id, "interrupted"))


KEY = "sk-python-sdk-0123456789"


def start_models(fixture, box_id):
    """Configures the providers, and starts their fake in the box."""
    for provider, path in (("codex", "/v1"), ("claude-code", "")):
        answer = fixture.call("PUT", f"/providers/{provider}", {"apiKey": KEY, "baseUrl": f"http://127.0.0.1:9000{path}"})
        shows(f"{provider} is set up", (answer["provider"]["configured"], answer["provider"]["keyLastFour"]), (True, "6789"))
    fixture.helpers.write_text(fixture.box, box_id, "/tmp/fake_models.py", (LIB / "fake_models.py").read_text())
    fixture.output(
        box_id,
        f"setsid python3 /tmp/fake_models.py --listen 127.0.0.1:9000 --port-file /tmp/port --key {KEY} >/tmp/models.err 2>&1 </dev/null & "
        "for _ in $(seq 100); do [ ! -s /tmp/port ] || exit 0; sleep 0.05; done; cat /tmp/models.err; exit 1")


def facts(event):
    """The text of a response, in each of the ways in which the SDK represents its data."""
    data = event.data if isinstance(event.data, dict) else event.data.to_dict()
    tools = [tool["result"]["content"] for tool in data.get("tools") or [] if tool.get("result")]
    return data.get("content", ""), tools, bool(data.get("is_streaming"))


def real_runs(fixture):
    with fixture.new_box() as box_id:
        start_models(fixture, box_id)
        for provider in ("codex", "claude-code"):
            streamed_prompt(fixture, box_id, provider)
        a_waited_prompt(fixture, box_id)
        an_interrupted_prompt(fixture, box_id)
        fixture.call("DELETE", "/providers/codex")
        fixture.call("DELETE", "/providers/claude-code")


def streamed_prompt(fixture, box_id, provider):
    request = PromptRequest(provider=provider, prompt="[[say I look]] [[run echo out; sleep 0.5]] [[stream 8 words 0.2]]")
    events = list(fixture.helpers.stream_prompt(fixture.box, box_id, request, TIMEOUT, QUICK))
    shows(f"{provider}: stream_prompt begins with the prompt", (events[0].type, events[0].task_id), ("prompt", events[0].id))
    shows("every event is of the prompt", {event.task_id for event in events}, {events[0].id})
    responses = [facts(event) for event in events if event.type == "response"]
    finals = [(content, tools) for content, tools, is_streaming in responses if not is_streaming]
    words = "".join(f"word-{number} " for number in range(1, 9))
    shows("the final responses, in order", [content or tools[0].strip() for content, tools in finals], ["I look", "out", words])
    partials = [content for content, _, is_streaming in responses if is_streaming and content]
    shows("partials are what was written so far", all(("I look" + words).find(partial) >= 0 for partial in partials))
    if provider == "claude-code":
        shows("and there are some", len(partials) > 2)
    run = fixture.box.prompt_run_status(box_id, events[0].id).prompt_run
    shows("the run is over", (run.status, run.done), ("finished", True))


def a_waited_prompt(fixture, box_id):
    queued = fixture.box.prompt(box_id, PromptRequest(provider="claude", prompt="[[say one]]", model="opus"))
    shows("prompt", (queued.type, queued.status, queued.provider, queued.model), ("prompt.queued", "queued", "claude-code", "opus"))
    shows("its run", (queued.prompt_run.prompt_id, queued.prompt_run.done), (queued.prompt_id, False))
    run = fixture.helpers.wait_for_prompt(fixture.box, box_id, queued.prompt_id, TIMEOUT, QUICK)
    shows("wait_for_prompt", (run.status, run.done), ("finished", True))
    fixture.helpers.wait_until_idle(fixture.box, box_id, TIMEOUT, QUICK)
    stream = fixture.helpers.stream_events(
        fixture.box, box_id, type="prompt,response", include_existing=True, timeout_seconds=TIMEOUT, poll_interval_seconds=QUICK)
    own = (event for event in stream if event.task_id == queued.prompt_id)
    kinds = [f"{event.type} {facts(event)[0]}".strip() for event in itertools.islice(own, 2)]
    shows("stream_events", kinds, ["prompt", "response one"])


def an_interrupted_prompt(fixture, box_id):
    queued = fixture.box.prompt(box_id, PromptRequest(provider="codex", prompt="[[hang]]"))
    for _ in range(int(TIMEOUT / QUICK)):
        if fixture.box.prompt_run_status(box_id, queued.prompt_id).prompt_run.status == "running":
            break
        time.sleep(QUICK)
    shows("a box whose agent works is running", fixture.box.get(box_id).box.state, "running")
    shows("interrupt", fixture.box.interrupt(box_id).status, "interrupted")
    run = fixture.helpers.wait_for_prompt_done(fixture.box, box_id, queued.prompt_id, TIMEOUT, QUICK)
    shows("the run has failed", (run.status, run.done), ("failed", True))


def a_stored_run(fixture):
    with fixture.new_box() as box_id:
        shows("a new box has no events", fixture.box.events(box_id).events, [])
        writer = fixture.store_events(box_id, 60, 0.03)
        stream = fixture.helpers.stream_events(
            fixture.box, box_id, type="response", include_existing=True, timeout_seconds=TIMEOUT, poll_interval_seconds=QUICK)
        first = next(stream)
        shows("an event of the prompt", (first.type, first.task_id is not None), ("response", True))
        while_it_runs(fixture, box_id, first.task_id)
        seen = [event.data["content"].split()[0] for event in itertools.chain([first], itertools.islice(stream, 59))]
        shows("stream_events has each once, in order, while they come", seen, [str(number) for number in range(60)])
        run = fixture.helpers.wait_for_prompt(fixture.box, box_id, first.task_id, TIMEOUT, QUICK)
        shows("wait_for_prompt", (run.status, run.done, run.box_id), ("finished", True, box_id))
        done = fixture.helpers.wait_for_prompt_done(fixture.box, box_id, first.task_id, TIMEOUT, QUICK)
        shows("wait_for_prompt_done", (done.prompt_id, done.status), (first.task_id, "finished"))
        shows("the writer ended well", writer.wait(TIMEOUT), 0)
        pages_of_events(fixture, box_id)


def while_it_runs(fixture, box_id, prompt_id):
    run = fixture.box.prompt_run_status(box_id, prompt_id).prompt_run
    shows("prompt_run_status while it runs", (run.status, run.done), ("sending", False))


def pages_of_events(fixture, box_id):
    every = [event.id for event in fixture.box.events(box_id, sort="asc", limit=200).events]
    shows("events has the prompt and its responses", len(every), 61)
    pages = [event.id for event in every_page(fixture.box.events, lambda page: page.events, box_id, sort="asc")]
    shows("events page by page has each once", pages, every)
    newest = fixture.box.events(box_id, type="prompt,response", limit=2).events
    shows("the newest come first", [event.id for event in newest], every[:-3:-1])
    prompt = fixture.box.events(box_id, type="prompt").events
    shows("the prompt's event", [(event.id == event.task_id, event.data["status"]) for event in prompt], [(True, "finished")])
    for query, code in (("limit=0", "invalid_limit"), ("cursor=!", "invalid_cursor"), ("sort=up", "invalid_sort")):
        refused(f"events?{query}", 400, code, fixture.call, "GET", f"/boxes/{box_id}/events?{query}")


THEMES = [what_prompts_refuse, a_stored_run, real_runs]
