"""Measures the CPU use of followers while there are no events: followers.py HOST:PORT CONFIG BOX

Prints the share of one core that boxd uses while 100 of them wait for an event.
"""

import json
import socket
import sys
import time
import urllib.request

COUNT, SECONDS = 100, 10
host, port = sys.argv[1].split(":")
with open(sys.argv[2]) as file:
    token = json.load(file)["token"]
path, credentials = f"/api/box/v1/boxes/{sys.argv[3]}/events", {"Authorization": f"Bearer {token}"}
with urllib.request.urlopen(urllib.request.Request(f"http://{sys.argv[1]}{path}", headers=credentials), timeout=10) as page:
    tag = page.headers["ETag"]
request = (f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
           f"If-None-Match: {tag}\r\nPrefer: wait=30\r\n\r\n").encode()


def processor():
    with urllib.request.urlopen(f"http://{sys.argv[1]}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_cpu_seconds_total "))


def share():
    before, begun = processor(), time.monotonic()
    time.sleep(SECONDS)
    return 100 * (processor() - before) / (time.monotonic() - begun)


alone = share()
followers = [socket.create_connection((host, int(port)), timeout=10) for _ in range(COUNT)]
for follower in followers:
    follower.sendall(request)
time.sleep(2)
waiting = share()
print(f"idle boxd        {alone:.1f} % of a core, with {COUNT} idle followers {waiting:.1f} %")
