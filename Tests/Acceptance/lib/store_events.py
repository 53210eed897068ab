"""Stores events of a box, as boxd's agents do, straight in its database: store_events.py DATABASE BOX COUNT [PAUSE]

Each event's content is its number and the moment of its commit in milliseconds. Some share a timestamp. PADDING in the environment
is how many bytes each has besides.
"""
import json
import os
import sqlite3
import sys
import time
import uuid

path, box, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
pause = float(sys.argv[4]) if len(sys.argv) > 4 else 0
database = sqlite3.connect(path, timeout=30, isolation_level=None)
prompt = str(uuid.uuid4())


def store(kind, identifier, task, data, timestamp):
    database.execute("BEGIN IMMEDIATE")
    revision = database.execute("SELECT COALESCE(MAX(revision), 0) + 1 FROM event").fetchone()[0]
    database.execute(
        "INSERT INTO event (boxID, id, timestamp, type, taskID, data, revision) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (boxID, id) DO UPDATE SET data = excluded.data, revision = excluded.revision",
        (box, identifier, timestamp, kind, task, json.dumps(data), revision))
    database.execute("COMMIT")


begun = int(time.time() * 1000)
# Not queued and not running: a boxd that starts would run it.
store("prompt", prompt, prompt, {"prompt": "count", "status": "sending"}, begun)
for number in range(count):
    # Ids of one moment grow, as a server's own do; three events share each moment.
    data = {"content": f"{number} {time.time() * 1000:.3f}", "is_reverted": False, "padding": "x" * int(os.environ.get("PADDING", "0"))}
    store("response", f"{number:08d}-{uuid.uuid4()}", prompt, data, begun + 1 + number // 3)
    if pause:
        time.sleep(pause)
store("prompt", prompt, prompt, {"prompt": "count", "status": "finished"}, begun)
