"""Stores events of a box directly in boxd's database, like boxd's agents do: store_events.py DATABASE BOX COUNT [PAUSE]

Each event's content is its number and the time of its commit in milliseconds. Some share a timestamp. PADDING in the
environment is the number of further bytes of each.
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
# Neither queued nor running, because a boxd that starts would run it.
store("prompt", prompt, prompt, {"prompt": "count", "status": "sending"}, begun)
for number in range(count):
    # The ids of one timestamp increase, as a server's own do. Three events share each timestamp.
    data = {"content": f"{number} {time.time() * 1000:.3f}", "is_reverted": False, "padding": "x" * int(os.environ.get("PADDING", "0"))}
    store("response", f"{number:08d}-{uuid.uuid4()}", prompt, data, begun + 1 + number // 3)
    if pause:
        time.sleep(pause)
store("prompt", prompt, prompt, {"prompt": "count", "status": "finished"}, begun)
