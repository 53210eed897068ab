"""Prompts, their runs, and events.

boxd runs no prompts yet. What the agents will store is put into its database, and read back with the SDK.
"""

import itertools
import uuid

from ascii_box_sdk.models.prompt_request import PromptRequest

from harness import PATIENCE, QUICK, every_page, refused, shows

REQUEST = PromptRequest(provider="codex", model="gpt-5.4", reasoning_effort="low", prompt="Run the tests.")


def what_prompts_refuse(world):
    with world.new_box() as box_id:
        path = f"/boxes/{box_id}/prompt"
        refused("no prompt", 400, "prompt_required", world.call, "POST", path, {"provider": "codex"})
        refused("no provider", 400, "provider_required", world.call, "POST", path, {"prompt": "x"})
        details = refused("prompt", 409, "provider_not_configured", world.box.prompt, box_id, REQUEST)
        shows("the error names the provider", details["provider"], "codex")
        shows("and where to set it up", details["setupUrl"].startswith("http"))
        stream = world.helpers.stream_prompt(world.box, box_id, REQUEST, PATIENCE, QUICK)
        refused("stream_prompt", 409, "provider_not_configured", next, stream)
        alias = PromptRequest(provider="claude", prompt="x")
        details = refused("claude", 409, "provider_not_configured", world.box.prompt, box_id, alias)
        shows("claude is claude-code", details["provider"], "claude-code")
        unknown = str(uuid.uuid4())
        refused("a run that isn't there", 404, "not_found", world.box.prompt_run_status, box_id, unknown)
        answer = world.box.interrupt(box_id)
        shows("interrupt", (answer.type, answer.id, answer.status), ("box.interrupted", box_id, "interrupted"))


def a_stored_run(world):
    with world.new_box() as box_id:
        shows("a new box has no events", world.box.events(box_id).events, [])
        writer = world.store_events(box_id, 60, 0.03)
        stream = world.helpers.stream_events(
            world.box, box_id, type="response", include_existing=True, timeout_seconds=PATIENCE, poll_interval_seconds=QUICK)
        first = next(stream)
        shows("an event of the prompt", (first.type, first.task_id is not None), ("response", True))
        while_it_runs(world, box_id, first.task_id)
        seen = [event.data["content"].split()[0] for event in itertools.chain([first], itertools.islice(stream, 59))]
        shows("stream_events has each once, in order, while they come", seen, [str(number) for number in range(60)])
        run = world.helpers.wait_for_prompt(world.box, box_id, first.task_id, PATIENCE, QUICK)
        shows("wait_for_prompt", (run.status, run.done, run.box_id), ("finished", True, box_id))
        done = world.helpers.wait_for_prompt_done(world.box, box_id, first.task_id, PATIENCE, QUICK)
        shows("wait_for_prompt_done", (done.prompt_id, done.status), (first.task_id, "finished"))
        shows("the writer ended well", writer.wait(PATIENCE), 0)
        pages_of_events(world, box_id)


def while_it_runs(world, box_id, prompt_id):
    run = world.box.prompt_run_status(box_id, prompt_id).prompt_run
    shows("prompt_run_status while it runs", (run.status in ("queued", "running"), run.done), (True, False))


def pages_of_events(world, box_id):
    every = [event.id for event in world.box.events(box_id, sort="asc", limit=200).events]
    shows("events has the prompt and its responses", len(every), 61)
    pages = [event.id for event in every_page(world.box.events, lambda page: page.events, box_id, sort="asc")]
    shows("events page by page has each once", pages, every)
    newest = world.box.events(box_id, type="prompt,response", limit=2).events
    shows("the newest come first", [event.id for event in newest], every[:-3:-1])
    prompt = world.box.events(box_id, type="prompt").events
    shows("the prompt's event", [(event.id == event.task_id, event.data["status"]) for event in prompt], [(True, "finished")])
    for query, code in (("limit=0", "invalid_limit"), ("cursor=!", "invalid_cursor"), ("sort=up", "invalid_sort")):
        refused(f"events?{query}", 400, code, world.call, "GET", f"/boxes/{box_id}/events?{query}")


THEMES = [what_prompts_refuse, a_stored_run]
