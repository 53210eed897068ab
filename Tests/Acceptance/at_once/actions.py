"""Runs twenty actions on a box concurrently, several times. Every response must be documented, and the final state must
match the machine.

Usage: actions.py API KEY MODE; MODE is `mixed`, or `pairs` for each action with itself and every other, ten times each."""

import concurrent.futures
import itertools
import json
import random
import sys
import time
import urllib.error
import urllib.request

API, KEY, MODE = sys.argv[1:]
INSIDE = {"200", "400 machine_not_running", "409 box_starting", "409 box_failed"}
# The request of each action, and its valid responses besides `404 not_found`.
ACTIONS = {
    "stop": (("POST", "/stop", {}), {"202", "400 stop_failed"}),
    "force": (("POST", "/stop", {"force": True}), {"202", "400 stop_failed"}),
    "resume": (("POST", "/resume", {}), {"202", "409 resume_failed"}),
    "fork": (("POST", "/fork", {}), {"202", "409 fork_failed"}),
    "update": (("PATCH", "", {"name": "other"}), {"200"}),
    "get": (("GET", "", None), {"200"}),
    "command": (("POST", "/commands", {"command": "echo $BOX_ID"}), INSIDE),
    "read": (("GET", "/files?path=.bashrc", None), INSIDE),
    "write": (("PUT", "/files", {"path": "x", "content": "y"}), INSIDE),
    "interrupt": (("POST", "/interrupt", {}), INSIDE),
    "delete": (("DELETE", "", None), {"200"}),
}


def send(method, path, body):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, {"Authorization": f"Bearer {KEY}"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def act(box, name):
    (method, path, body), documented = ACTIONS[name]
    status, answer = send(method, f"/boxes/{box}{path}", body)
    outcome = f"{status} {answer['code']}" if "code" in answer else str(status)
    assert outcome in documented | {"404 not_found"}, (name, outcome, answer)


def settled(box):
    for _ in range(1200):
        status, answer = send("GET", f"/boxes/{box}", None)
        if status == 404 or answer["box"]["state"] in ("ready", "archived", "error"):
            return answer.get("box", {}).get("state")
        time.sleep(0.05)
    raise AssertionError(f"{box} never settles: {answer}")


def check(box):
    """Checks that the machine is in the state that the box shows."""
    state = settled(box)
    status, answer = send("POST", f"/boxes/{box}/commands", {"command": "echo $BOX_ID"})
    if state == "ready":
        assert (status, answer.get("stdout")) == (200, box + "\n"), (box, answer)
    else:
        assert status in (400, 404), (box, state, answer)


def run(names):
    """Runs all of these concurrently on a new box, then checks and deletes all boxes."""
    status, answer = send("POST", "/boxes", {})
    assert status == 202, answer
    box = answer["box"]["id"]
    assert settled(box) == "ready"
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for result in [pool.submit(act, box, name) for name in names]:
            result.result()
    for one in send("GET", "/boxes", None)[1]["boxes"]:
        check(one["id"])
    boxes = [one["id"] for one in send("GET", "/boxes", None)[1]["boxes"]]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda each: send("DELETE", f"/boxes/{each}", None)[0], boxes * 3))
    assert set(statuses) <= {200, 404}, statuses
    assert send("GET", "/boxes", None)[1]["boxes"] == []


seed = random.randrange(1 << 30)
print("seed", seed)
random.seed(seed)
if MODE == "pairs":
    for pair in itertools.combinations_with_replacement(ACTIONS, 2):
        begun = time.monotonic()
        run(pair * 10)
        print(*pair, f"{time.monotonic() - begun:.1f} s", flush=True)
else:
    run(["stop"] * 20)
    for _ in range(3):
        run([random.choice(list(ACTIONS)) for _ in range(20)])
