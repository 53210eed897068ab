"""The life of boxes, and their list."""

import datetime

from ascii_box_sdk.models.create_box_request import CreateBoxRequest
from ascii_box_sdk.models.update_box_request import UpdateBoxRequest

from harness import QUICK, TIMEOUT, every_page, refused, shows

MISSING = "bx_22222222"


def create_and_update(fixture):
    made = fixture.box.create(CreateBoxRequest(ttl_seconds=1800))
    with fixture.removed(made.box.id) as box_id:
        shows("create answers at once", (made.status, made.ttl_seconds), ("provisioning", 1800))
        ready = fixture.ready(box_id)
        shows("wait_until_ready", (ready.state, ready.id, ready.ip is not None), ("ready", box_id, True))
        shows("get", fixture.box.get(box_id).box.ip, ready.ip)
        shows("update: the name", fixture.box.update(box_id, UpdateBoxRequest(name="sdk-demo")).box.name, "sdk-demo")
        left = fixture.box.update(box_id, UpdateBoxRequest(ttl_seconds=7200)).box.archive_after - now()
        shows("update: the time that is left", 7100 < left.total_seconds() < 7300)
        never = fixture.box.update(box_id, UpdateBoxRequest(ttl_seconds=None)).box
        shows("update: no automatic stop; the name stays", (never.archive_after, never.name), (None, "sdk-demo"))
    forever = fixture.box.create(CreateBoxRequest(ttl_seconds=None))
    with fixture.removed(forever.box.id):
        shows("create without automatic stop", (forever.ttl_seconds, forever.box.archive_after), (None, None))


def now():
    return datetime.datetime.now(datetime.UTC)


def what_is_refused(fixture):
    with fixture.new_box() as box_id:
        path = f"/boxes/{box_id}"
        refused("an empty name", 400, "invalid_name", fixture.call, "PATCH", path, {"name": ""})
        refused("no change", 400, "no_changes", fixture.call, "PATCH", path, {})
        for value in (0, -1, 1.5, "soon", True):
            refused(f"ttlSeconds {value!r}", 400, "invalid_ttl", fixture.call, "POST", "/boxes", {"ttlSeconds": value})
        for name in ("1X", "A B", "BOX_ID"):
            refused(f"the variable {name!r}", 400, "invalid_env", fixture.call, "POST", "/boxes", {"env": {name: ""}})
        refused("a type that isn't there", 400, "invalid_type", fixture.call, "POST", "/boxes", {"type": "huge"})
        refused("a body that is a list", 400, "invalid_json", fixture.call, "POST", "/boxes", [1])
    for query, code in (
        ("limit=0", "invalid_limit"), ("limit=201", "invalid_limit"), ("sort=up", "invalid_sort"),
        ("cursor=!", "invalid_cursor"), ("state=asleep", "invalid_state"),
    ):
        refused(f"boxes?{query}", 400, code, fixture.call, "GET", f"/boxes?{query}")
    for method in (fixture.box.get, fixture.box.stop, fixture.box.resume, fixture.box.fork, fixture.box.remove, fixture.box.interrupt):
        refused(f"{method.__name__} of a box that isn't there", 404, "not_found", method, MISSING)


def stop_resume_and_fork(fixture):
    with fixture.new_box() as box_id:
        fixture.helpers.write_text(fixture.box, box_id, "kept", "before the stop\n")
        stopping = fixture.helpers.stop_and_remove(fixture.box, box_id)
        shows("stop_and_remove stops", (stopping.type, stopping.status), ("box.stopping", "archiving"))
        fixture.wait_for_state(box_id, "archived")
        stopped = fixture.box.get(box_id).box
        shows("a stopped box", (stopped.ip, stopped.snapshot_available), (None, True))
        shows("stopping it again is harmless", fixture.box.stop(box_id).status, "archiving")
        shows("wait_until_ready gives up on it", raises_runtime_error(fixture, box_id))
        shows("resume", fixture.box.resume(box_id).status, "resuming")
        fixture.ready(box_id)
        shows("its files are there", fixture.helpers.read_text(fixture.box, box_id, "kept"), "before the stop\n")
        fork(fixture, box_id)


def raises_runtime_error(fixture, box_id):
    try:
        fixture.ready(box_id)
    except RuntimeError as error:
        return "archived" in str(error)
    return False


def fork(fixture, source):
    fixture.helpers.write_text(fixture.box, source, "late", "a moment before\n")
    answer = fixture.box.fork(source)
    with fixture.removed(answer.id) as copy:
        shows("fork answers with another box", (answer.status, answer.box.id == copy != source), ("forking", True))
        fixture.ready(copy)
        shows("the fork has the source's files", fixture.output(copy, "cat kept late"), "before the stop\na moment before")
        fixture.helpers.write_text(fixture.box, copy, "kept", "changed in the fork\n")
        shows("and its own", fixture.helpers.read_text(fixture.box, source, "kept"), "before the stop\n")
        gone = fixture.helpers.stop_and_remove(fixture.box, copy, delete=True)
        shows("stop_and_remove deletes", (gone.type, gone.id, gone.status), ("box.deleted", copy, "deleted"))
        refused("get of a deleted box", 404, "not_found", fixture.box.get, copy)
        refused("remove twice", 404, "not_found", fixture.box.remove, copy)


def waiting_for_idle(fixture):
    """prompts.py tests that a prompt makes a box idle. Here the state is set in boxd's database."""
    with fixture.new_box() as box_id:
        try:
            fixture.helpers.wait_until_idle(fixture.box, box_id, QUICK, QUICK)
            raise AssertionError("wait_until_idle took a box for idle that is ready")
        except TimeoutError:
            shows("wait_until_idle waits for a box that is ready", True)
        fixture.set_state(box_id, "idle")
        shows("wait_until_idle", fixture.helpers.wait_until_idle(fixture.box, box_id, TIMEOUT, QUICK).state, "idle")


def the_list(fixture):
    with fixture.new_box() as first, fixture.new_box() as second, fixture.new_box() as third:
        made = [first, second, third]
        fixture.stop(second)
        for sort, wanted in (("asc", made), ("desc", made[::-1])):
            pages = [one.id for one in every_page(fixture.box.boxes, lambda page: page.boxes, sort=sort)]
            shows(f"boxes page by page, {sort}, has each once", pages, wanted)
        by_state = fixture.box.boxes(state="archived,archiving")
        shows("boxes(state=)", [one.id for one in by_state.boxes], [second])


THEMES = [create_and_update, what_is_refused, stop_resume_and_fork, waiting_for_idle, the_list]
