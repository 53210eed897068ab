"""64 concurrent clients of a boxd with real boxes: clients.py ORIGIN CONFIG SECONDS

Each repeatedly creates a box, waits until it is ready, reads it, and deletes it. Prints the number of requests of each
kind, and their median and 99th percentile in milliseconds. Fails when a new box can't be found, can't be deleted or
becomes an error, or when a response is 5xx.
"""

import http.client
import json
import random
import sys
import threading
import time

CLIENTS = 64
origin, seconds = sys.argv[1].removeprefix("http://"), float(sys.argv[3])
with open(sys.argv[2]) as file:
    token = json.load(file)["token"]
lock = threading.Lock()
times: dict[str, list[float]] = {}
statuses: dict[int, int] = {}
problems: list[str] = []
made = 0


class Client:
    def __init__(self):
        self.connection = http.client.HTTPConnection(origin, timeout=120)

    def send(self, kind, method, path, expected, body=None):
        begun = time.perf_counter()
        self.connection.request(method, "/api/box/v1" + path, body, {"Authorization": f"Bearer {token}"})
        answer = self.connection.getresponse()
        text = answer.read()
        taken = (time.perf_counter() - begun) * 1000
        with lock:
            times.setdefault(kind, []).append(taken)
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            if answer.status not in expected:
                problems.append(f"{kind}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def life(self):
        """One box, from its creation to its deletion."""
        global made
        answer = self.send("create", "POST", "/boxes", {202}, '{"type":"small"}')
        if not answer["ok"]:
            return
        box = answer["box"]["id"]
        with lock:
            made += 1
        begun = time.perf_counter()
        while (state := self.send("get", "GET", f"/boxes/{box}", {200}).get("box", {}).get("state")) == "provisioning":
            time.sleep(0.05)
        with lock:
            times.setdefault("until ready", []).append((time.perf_counter() - begun) * 1000)
            if state != "ready":
                problems.append(f"{box} became {state}")
        for _ in range(random.randrange(20, 60)):
            match random.randrange(4):
                case 0:
                    self.send("list", "GET", "/boxes?limit=20", {200})
                case 1:
                    self.send("events", "GET", f"/boxes/{box}/events", {200})
                case _:
                    self.send("get", "GET", f"/boxes/{box}", {200})
            time.sleep(random.random() * 0.02)
        self.send("delete", "DELETE", f"/boxes/{box}", {200})
        self.send("get deleted", "GET", f"/boxes/{box}", {404})


def run(deadline):
    client = Client()
    try:
        while time.monotonic() < deadline:
            client.life()
    except Exception as error:
        with lock:
            problems.append(f"a client ended: {error!r}")


deadline = time.monotonic() + seconds
threads = [threading.Thread(target=run, args=(deadline,)) for _ in range(CLIENTS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
left = Client().send("list", "GET", "/boxes", {200})["boxes"]
if left:
    problems.append(f"{len(left)} boxes are left")
for kind, taken in sorted(times.items()):
    taken.sort()
    print(f"{kind:12} n {len(taken):6}  p50 {taken[len(taken) // 2]:8.1f} ms  p99 {taken[len(taken) * 99 // 100]:8.1f} ms")
print(f"{made} boxes made and deleted by {CLIENTS} clients; statuses {dict(sorted(statuses.items()))}")
for problem in problems[:20]:
    print("problem:", problem)
sys.exit(1 if problems else 0)
