"""The work of scripts/soak/prompts: prompts.py HOST:PORT KEY WORK SECONDS SEED"""

import atexit
import collections
import itertools
import json
import random
import sys
import threading
import time
from typing import Any

from boxd import BROKEN, Boxd
from follower import RANKS, Follower
from runs import Run
from watch import Watch

BOXES = 6
# Timeouts in seconds. A box reaches a state, an interrupted run ends, all prompts of a box end, a follower catches up.
TIMEOUT, INTERRUPTION, REST, CATCHING_UP = 60, 12, 300, 15
PROVIDER_KEY = "sk-acceptance-0123456789abcdef"
FAKE = f"""
curl -fs -o /dev/null http://127.0.0.1:9000/api/hello && exit
setsid python3 /tmp/fake_models.py --listen 127.0.0.1:9000 --log models.log --key {PROVIDER_KEY} </dev/null >/tmp/models.err 2>&1 &
for _ in $(seq 200); do curl -fs -o /dev/null http://127.0.0.1:9000/api/hello && exit; sleep 0.05; done
cat /tmp/models.err
exit 1
"""


class Soak:
    """The state that all boxes of a soak share."""

    def __init__(self, boxd, work, seed):
        self.boxd, self.work, self.seed = boxd, work, seed
        self.found: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.lock = threading.Lock()
        self.begun, self.stops = time.time(), []
        self.is_over = threading.Event()

    def report(self, where, what):
        """Reports an error. One that stays is reported once."""
        with self.lock:
            if f"{where}: {what}" in self.found:
                return
            self.found.append(f"{where}: {what}")
        print(f"{time.time() - self.begun:7.1f} s  {where}: {what}", flush=True)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def ask(self, method, path, body=None, expected=(200, 202), headers=()):
        """An idempotent request, repeated through all restarts."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                status, answer = self.boxd.call(method, path, body, headers=headers)
            except BROKEN:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
                continue
            if status in expected:
                return answer
            # 429: too many requests at once. A 5xx is counted, and may be the response of a boxd that is stopping.
            if (status != 429 and status < 500) or time.monotonic() > deadline:
                raise RuntimeError(f"{method} {path}: {status} {answer}")
            time.sleep(0.2)


class Box:
    """One box with its prompts. Only one thread uses it, so all actions on its prompts are known."""

    def __init__(self, soak, rng, fork_of=None):
        self.soak, self.rng = soak, rng
        # A broken connection must not leave a box whose id isn't known.
        key = {"Idempotency-Key": f"{soak.seed}-{rng.random()}"}
        path = f"/boxes/{fork_of}/fork" if fork_of else "/boxes"
        self.id = soak.ask("POST", path, {"ttlSeconds": 7200}, headers=key)["box"]["id"]
        self.runs, self.interrupts, self.counted = [], 0, set()
        self.follower = Follower(self.id, f"{soak.work}/followers")
        self.begin_use()

    def ask(self, method, path="", body=None, **options):
        return self.soak.ask(method, f"/boxes/{self.id}{path}", body, **options)

    def report(self, what):
        self.soak.report(self.id, what)

    def state(self):
        return self.ask("GET")["box"]["state"]

    def wait_state(self, *states):
        deadline = time.monotonic() + TIMEOUT
        while (state := self.state()) not in states:
            if state == "error" or time.monotonic() > deadline:
                raise RuntimeError(f"box {self.id} is {state}, not {states}: {self.ask('GET')['box'].get('errorMessage')}")
            time.sleep(0.1)

    def command(self, command):
        answer = self.ask("POST", "/commands", {"command": command, "timeoutSeconds": 60})
        return answer["exitCode"], answer["stdout"]

    def begin_use(self):
        self.wait_state("ready", "idle", "running")
        with open("Tests/Acceptance/lib/fake_models.py") as file:
            self.ask("PUT", "/files", {"path": "/tmp/fake_models.py", "content": file.read()})
        status, said = self.command(FAKE)
        if status != 0:
            raise RuntimeError(f"the fake doesn't start in {self.id}: {said}")

    # Actions

    def queue(self, kind=None):
        run = Run(self.rng, kind)
        try:
            status, answer = self.soak.boxd.call("POST", f"/boxes/{self.id}/prompt", {"prompt": run.text, "provider": run.provider})
            if status != 202:
                self.report(f"a prompt is refused: {status} {answer}")
                return None
            run.id = answer["promptId"]
        except BROKEN:
            # The response is lost, but the prompt may be stored.
            run.id = next((event["id"] for event in self.events("prompt") if event["data"]["prompt"] == run.text), None)
            self.soak.count("prompts without an answer")
        if run.id:
            self.runs.append(run)
            self.soak.count(f"{run.provider} {run.kind}")
        return run

    def prompts(self):
        """The status and error of each prompt."""
        return {event["id"]: (event["data"]["status"], event["data"].get("error")) for event in self.events("prompt")}

    def events(self, types=""):
        events, cursor = [], ""
        while cursor is not None:
            page = self.ask("GET", f"/events?limit=200&sort=asc{types and f'&type={types}'}{cursor and f'&cursor={cursor}'}")
            events += page["events"]
            cursor = page["pageInfo"].get("nextCursor")
        return events

    def open_runs(self, prompts):
        return [run for run in self.runs if RANKS[prompts.get(run.id, ("failed", None))[0]] < 2]

    def interrupt(self):
        """The current run has to end then. The request may affect every other open run."""
        prompts = self.prompts()
        running = [run for run in self.open_runs(prompts) if prompts[run.id][0] == "running"]
        for run in self.open_runs(prompts):
            run.was_interrupted = True
        self.soak.count("interrupts")
        self.interrupts += 1
        try:
            status, answer = self.soak.boxd.call("POST", f"/boxes/{self.id}/interrupt")
        except BROKEN:
            return
        if status != 200:
            self.report(f"an interrupt is refused: {status} {answer}")
            return
        deadline = time.monotonic() + INTERRUPTION
        while running and self.prompts()[running[0].id][0] == "running":
            if time.monotonic() > deadline:
                self.report(f"{running[0]} runs on after an interrupt")
                return
            time.sleep(0.1)

    def stop_and_resume(self):
        for run in self.open_runs(self.prompts()):
            run.was_stopped = True
        self.soak.count("stops")
        self.ask("POST", "/stop", {"force": self.rng.random() < 0.3})
        self.wait_state("archived")
        time.sleep(self.rng.choice([0, 0, 1.5]))
        self.ask("POST", "/resume", {"ttlSeconds": 7200})
        self.begin_use()

    def forget_sessions(self):
        self.rest()
        self.soak.count("lost sessions")
        self.command("rm -rf ~/.codex ~/.claude ~/.claude.json")

    def delete(self):
        self.soak.count("deletes")
        self.ask("DELETE", expected=(200, 202, 404))
        self.follower.end()

    # Checks

    def rest(self):
        """Waits until all prompts are over. Those that don't end by themselves are interrupted."""
        deadline = time.monotonic() + REST
        while is_open := self.open_runs(prompts := self.prompts()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"stuck: {[(str(run), prompts[run.id]) for run in is_open]}")
            if not is_open[0].ends and prompts[is_open[0].id][0] == "running":
                time.sleep(self.rng.uniform(0, 3))
                self.interrupt()
            time.sleep(0.2)
        if (state := self.state()) not in ("ready", "idle"):
            self.report(f"it is {state} with nothing to do")

    def verify(self):
        """Compares everything that is stored of the box's prompts with the requests and actions. The box is idle."""
        self.soak.count("verifications")
        events = self.events()
        self.verify_order(events)
        prompts = {event["id"]: event["data"] for event in events if event["type"] == "prompt"}
        if list(prompts) != [run.id for run in self.runs]:
            self.report(f"its prompts are {list(prompts)}, not {[run.id for run in self.runs]}")
        _, steps = self.command("cat ~/steps.txt 2>/dev/null")
        for run in (run for run in self.runs if run.id in prompts):
            status, error = prompts[run.id]["status"], prompts[run.id].get("error")
            own = [event for event in events if event.get("taskId") == run.id]
            for problem in itertools.chain(run.problems(status, error, own), run.problems_of_steps(steps.split("\n"), status, own)):
                self.report(f"{run} {status}: {problem}")
            if run.id not in self.counted:
                self.counted.add(run.id)
                self.soak.count(f"ended: {error or status}"[:60])
        if (count := sum(data.get("error") == "interrupted" for data in prompts.values())) > self.interrupts:
            self.report(f"{count} prompts were interrupted by {self.interrupts} requests")
        self.verify_follower(events)
        self.verify_processes(prompts)

    def verify_order(self, events):
        ids, moments = [event["id"] for event in events], [event["timestamp"] for event in events]
        if len(set(ids)) != len(ids) or moments != sorted(set(moments)):
            self.report("its events aren't in order, each once")
        if left := [event for event in events if event["data"].get("is_streaming")]:
            self.report(f"something is left that was being written: {left}")
        tasks = [key for key, _ in itertools.groupby(event.get("taskId") for event in events if event["type"] != "prompt")]
        known = [run.id for run in self.runs]
        if tasks != sorted(set(tasks), key=lambda task: known.index(task) if task in known else -1):
            self.report(f"the events of its prompts are mixed: {tasks}")
        if unknown := set(tasks) - set(known):
            self.report(f"it has events of {unknown}, which aren't its prompts")

    def verify_follower(self, events):
        deadline = time.monotonic() + CATCHING_UP
        while problems := list(self.follower.problems(events)):
            if time.monotonic() > deadline:
                for problem in problems:
                    self.report(f"the follower: {problem}")
                return
            time.sleep(0.1)

    def verify_processes(self, prompts):
        """Expects no processes of an agent or of an ended run. Supervisors end at the latest when the next prompt starts."""
        ended = [run.mark for run in self.runs if run.id in prompts and prompts[run.id].get("error") in ("interrupted", "the box was stopped")]
        deadline = time.monotonic() + 5
        while left := self.processes(lambda name: any(text in name for text in ["codex", "claude", *(f"{mark}-" for mark in ended)])):
            if time.monotonic() > deadline:
                self.report(f"it has processes left: {left}")
                return
            time.sleep(0.2)

    def processes(self, is_wanted):
        """The box's processes, without the command that lists them and its parents."""
        _, said = self.command("echo $$; ps -eo pid=,ppid=,args=")
        own, *lines = said.split("\n")
        rows = {fields[0]: (fields[1], fields[2]) for line in lines if len(fields := line.split(None, 2)) == 3}
        mine = {process for process, (parent, _) in rows.items() if parent == own}
        while own in rows:
            mine.add(own)
            own = rows[own][0]
        return [name for process, (_, name) in rows.items() if process not in mine and is_wanted(name)]

    def verify_at_end(self):
        """The checks after boxd's last restart."""
        self.rest()
        self.verify()
        self.verify_supervisors()
        self.verify()

    def verify_supervisors(self):
        """Expects that no supervisor is left after one more prompt."""
        self.queue("steps_only")
        self.rest()
        deadline = time.monotonic() + 5
        while left := self.processes(lambda name: "guest.py" in name):
            if time.monotonic() > deadline:
                self.report(f"it has supervisors left: {left}")
                return
            time.sleep(0.2)


class Slot(threading.Thread):
    """Acts on one box after another, until the time is over."""

    def __init__(self, soak, number):
        super().__init__(daemon=True)
        self.soak, self.rng = soak, random.Random(soak.seed * 100 + number)
        self.box: Any = None

    def run(self):
        actions = {self.prompt: 50, self.interrupt: 20, self.rest: 8, self.stop: 8, self.fork: 6, self.forget: 4, self.renew: 4}
        while not self.soak.is_over.is_set():
            try:
                if self.box is None:
                    self.box = Box(self.soak, self.rng)
                    self.box.begin_use()
                self.rng.choices(list(actions), weights=list(actions.values()))[0]()
            except Exception as error:
                self.soak.report(self.box.id if self.box else "a new box", f"{type(error).__name__}: {error}")
                self.give_up()
            time.sleep(self.rng.choice([0, 0.2, 1, 3]))

    def give_up(self):
        """Deletes the box, which can't be used any more."""
        box, self.box = self.box, None
        if box:
            box.delete()

    def prompt(self):
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            if len(self.box.open_runs(self.box.prompts())) < 5:
                self.box.queue()

    def interrupt(self):
        self.box.interrupt()

    def rest(self):
        self.box.rest()
        self.box.verify()

    def stop(self):
        self.box.stop_and_resume()

    def forget(self):
        self.box.forget_sessions()

    def fork(self):
        """The copy has the disk and none of the prompts. One of the two is used further."""
        self.soak.count("forks")
        other = Box(self.soak, self.rng, fork_of=self.box.id)
        other.begin_use()
        other.queue()
        if self.rng.random() < 0.5:
            self.box, other = other, self.box
        if self.rng.random() < 0.5:
            other.rest()
            other.verify()
        other.delete()

    def renew(self):
        if self.rng.random() < 0.5:
            self.rest()
        self.box.delete()
        self.box = None


def restart(soak, rng):
    """Ends boxd in one of several ways, waits for a while, and starts it again."""
    if rng.random() < 0.65:
        soak.count("boxd killed")
        soak.boxd.kill()
    else:
        soak.count("boxd stopped")
        soak.stops.append(soak.boxd.stop())
    time.sleep(rng.choice([0, 0.1, 0.3, 1, rng.uniform(1, 6)]))
    soak.boxd.start()


def main():
    listen, key, work, seconds, seed = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5])
    atexit.register(Follower.end_all)
    boxd = Boxd(listen, key, f"{work}/boxd.log")
    soak, rng = Soak(boxd, work, seed), random.Random(seed)
    watch = Watch(f"{boxd.directory}/boxd.sqlite", soak.report)
    watch.start()
    slots = [Slot(soak, number) for number in range(BOXES)]
    for slot in slots:
        slot.start()
    while time.time() < soak.begun + seconds:
        time.sleep(rng.uniform(1, 12))
        restart(soak, rng)
    soak.is_over.set()
    for slot in slots:
        slot.join()
    boxes = [slot.box for slot in slots if slot.box]
    each(boxes, Box.verify_at_end)
    for box in boxes:
        box.delete()
    for box in soak.ask("GET", "/boxes?limit=200")["boxes"]:
        soak.ask("DELETE", f"/boxes/{box['id']}")
    print(json.dumps(dict(sorted(soak.counts.items())), indent=1))
    print(f"boxd stopped in at most {max(soak.stops, default=0):.1f} s")
    print(f"{watch.looks} looks into the database")
    print("answers of 500 and more:", boxd.refused)
    print(f"seed {seed}: {len(soak.found)} found")
    sys.exit(bool(soak.found))


def each(boxes, work):
    def guarded(box):
        try:
            work(box)
        except Exception as error:
            box.report(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=guarded, args=(box,)) for box in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
