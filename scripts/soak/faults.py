"""Usage: faults.py LISTEN KEY SECONDS SEED LOG CLOCK; CLOCK is the built clock.c. Fails with a message when a check fails."""

import datetime
import glob
import http.client
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from boxd import BROKEN, Boxd

listen, key, seconds, seed, log, clock = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5], sys.argv[6]
random.seed(seed)
boxd = Boxd(listen, key, log)
database = f"{boxd.directory}/boxd.sqlite"
table = f"boxd_{os.environ['BOXD_INSTANCE']}"
end = time.time() + seconds
counts: dict[tuple[str, str], int] = {}
lock = threading.Lock()


def worker(number):
    rng = random.Random(seed * 100 + number)
    while time.time() < end:
        try:
            boxes = [box["id"] for box in boxd.call("GET", "/boxes")[1].get("boxes", [])]
            action = rng.choice(["create", "stop", "resume", "fork", "delete", "command", "command"])
            if action == "create" and len(boxes) < 5:
                status, _ = boxd.call("POST", "/boxes", {"ttlSeconds": 900})
            elif boxes:
                path = "/boxes/" + rng.choice(boxes)
                if action == "delete" or (action in ("create", "fork") and len(boxes) > 5):
                    status, _ = boxd.call("DELETE", path)
                elif action == "command":
                    status, _ = boxd.call("POST", f"{path}/commands", {"command": "head -c 200000 /dev/urandom > file; sync"})
                else:
                    status, _ = boxd.call("POST", f"{path}/{action if action != 'create' else 'stop'}")
            else:
                continue
            with lock:
                counts[(action, status)] = counts.get((action, status), 0) + 1
        except BROKEN:
            time.sleep(0.05)
        time.sleep(0.05)


def ask(path, timeout=5):
    """A request without a key. Returns its status and text."""
    connection = http.client.HTTPConnection(listen, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def wait(what, holds, timeout=15):
    deadline = time.monotonic() + timeout
    while True:
        try:
            if holds():
                return
        except BROKEN:
            pass
        if time.monotonic() > deadline:
            sys.exit(f"not within {timeout} s: {what}")
        time.sleep(0.1)


def is_ready():
    return ask("/readyz")[0] == 200


def refuses_to_start(words, *arguments):
    """Runs another boxd, which has to exit with a message."""
    command = ["boxd", "serve", "--listen", "127.0.0.1:0", *arguments]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if run.returncode == 0 or words not in run.stderr:
        sys.exit(f"{command} ended with {run.returncode} and not with «{words}»: {run.stderr[-2000:]}")


def kill():
    boxd.kill()
    boxd.start()


def second_boxd():
    other = f"{boxd.directory}-second"
    refuses_to_start("another boxd on this host is the instance", "--data-dir", other)
    shutil.rmtree(other, ignore_errors=True)


def remove_rules():
    subprocess.run(["nft", "delete", "table", "inet", table], check=True)
    wait("the rules are back", lambda: subprocess.run(["nft", "list", "table", "inet", table], capture_output=True).returncode == 0)


def fill_disk():
    space = os.statvfs(boxd.directory)
    with open(f"{boxd.directory}/others", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(space.f_bavail * space.f_frsize - (1 << 20), 1 << 20))
    try:
        wait("/readyz says that the disk is full", lambda: ask("/readyz")[0] == 503)
        status, body = boxd.call("POST", "/boxes", {})
        if status != 507:
            sys.exit(f"a full disk: {status} {body}")
        boxes = boxd.call("GET", "/boxes")[1]["boxes"]
        if boxes:
            status, body = boxd.call("DELETE", f"/boxes/{random.choice(boxes)['id']}")
            if status not in (200, 202, 404):
                sys.exit(f"a full disk, delete: {status} {body}")
    finally:
        os.unlink(f"{boxd.directory}/others")
    wait("/readyz is well again", is_ready)


def jump_clock():
    days = random.choice([3, -3, 40])
    boxd.stop()
    boxd.start(dict(os.environ, LD_PRELOAD=clock, CLOCK_OFFSET=str(days * 86400)))
    status, body = boxd.call("POST", "/boxes", {"ttlSeconds": 60})
    if status not in (202, 429, 507):
        sys.exit(f"a wrong clock: {status} {body}")
    if status == 202:
        created = datetime.datetime.fromisoformat(body["box"]["createdAt"].replace("Z", "+00:00")).timestamp()
        if abs(created - time.time() - days * 86400) > 3600:
            sys.exit(f"boxd's clock was not {days} days off: {body}")
    time.sleep(1)
    boxd.stop()
    boxd.start()
    # Rows with a time in the future must not block anything now.
    wait("/readyz", is_ready)
    status, body = boxd.call("GET", "/limits")
    if not body.get("canStart") and body.get("startBlockedReason") != "limit_reached":
        sys.exit(f"the clock was ahead: {body}")


def newer_database():
    boxd.stop()
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO grdb_migrations VALUES ('999 of a later boxd')")
    connection.close()
    refuses_to_start("newer", "--data-dir", boxd.directory)
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM grdb_migrations WHERE identifier LIKE '999%'")
    connection.close()
    boxd.start()


def damaged_database():
    boxd.stop()
    kept = {path: open(path, "rb").read() for path in glob.glob(f"{database}*")}
    with open(database, "r+b") as file:
        if random.random() < 0.3:
            file.truncate(0)
        else:
            file.seek(random.choice([0, 100, 4096]))
            file.write(os.urandom(3000))
    for path in glob.glob(f"{database}-*"):
        os.unlink(path)
    refuses_to_start(database, "--data-dir", boxd.directory)
    for path in glob.glob(f"{database}*"):
        os.unlink(path)
    for path, content in kept.items():
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
    boxd.start()


def flood():
    host, port = listen.rsplit(":", 1)
    sockets, before = [], os.path.getsize(log)
    for _ in range(600):
        try:
            sockets.append(socket.create_connection((host, int(port)), timeout=1))
            sockets[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        except OSError:
            break
    for _ in range(2000):
        try:
            ask(f"/{random.random()}", timeout=1)
        except BROKEN:
            pass
    begun = time.monotonic()
    boxd.call("GET", "/me", timeout=10)
    if time.monotonic() - begun > 2:
        sys.exit(f"a flood kept a key waiting for {time.monotonic() - begun:.1f} s")
    for connection in sockets:
        connection.close()
    # 30 lines, and what the three workers with a key do meanwhile. 2,600 lines would be half a megabyte.
    if os.path.getsize(log) - before > 256 << 10:
        sys.exit("a flood filled the log")


threads = [threading.Thread(target=worker, args=(number,), daemon=True) for number in range(3)]
for thread in threads:
    thread.start()
faults = [kill, second_boxd, remove_rules, fill_disk, jump_clock, newer_database, damaged_database, flood]
done: dict[str, int] = {}
while time.time() < end:
    random.shuffle(faults)
    for fault in faults:
        time.sleep(random.uniform(0.2, 2))
        print(f"{seconds - (end - time.time()):.0f} s: {fault.__name__}", flush=True)
        fault()
        wait("/readyz after " + fault.__name__, is_ready, 30)
        done[fault.__name__] = done.get(fault.__name__, 0) + 1
        if time.time() > end:
            break
for thread in threads:
    thread.join(120)


def busy():
    boxes = boxd.call("GET", "/boxes?limit=200")[1]["boxes"]
    return [box for box in boxes if box["state"] in ("init", "provisioning", "archiving")]


wait("all boxes are at rest", lambda: not busy(), 90)
print("faults", done, "operations", sum(counts.values()))
print("answers:", dict(sorted((f"{action} {status}", number) for (action, status), number in counts.items())))
unexpected = {place: number for place, number in boxd.refused.items() if place[2] not in (503, 507)}
print("answers of 500 and more:", boxd.refused)
if unexpected:
    sys.exit(f"unexpected: {unexpected}")
