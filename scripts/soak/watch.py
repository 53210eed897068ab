"""Checks boxd's database continuously: what is committed has to be consistent at every moment."""

import sqlite3
import threading
import time

from follower import RANKS


class Watch(threading.Thread):
    def __init__(self, path, report):
        super().__init__(daemon=True)
        self.path, self.report = path, report
        self.ranks, self.looks = {}, 0

    def run(self):
        while True:
            try:
                boxes, prompts = self.snapshot()
            except sqlite3.Error:
                boxes = {}  # Without a running boxd the journal may be unreadable.
            if boxes:
                self.looks += 1
                self.look(boxes, prompts)
            time.sleep(0.2)

    def snapshot(self):
        """Read-only and closed at once, so that the next boxd recovers the database of a killed one, and not this program."""
        database = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=2)
        try:
            database.execute("BEGIN")
            boxes = dict(database.execute("SELECT id, state FROM box WHERE NOT isDeleting"))
            prompts = database.execute(
                "SELECT boxID, id, json_extract(data, '$.status'), json_extract(data, '$.error') FROM event WHERE type = 'prompt'"
            ).fetchall()
            return boxes, prompts
        finally:
            database.close()

    def look(self, boxes, prompts):
        for box, state in boxes.items():
            statuses = [status for owner, _, status, _ in prompts if owner == box]
            running, is_open = statuses.count("running"), any(RANKS[status] < 2 for status in statuses)
            if running > 1:
                self.report("database", f"box {box} has {running} prompts running")
            if state == "running" and not is_open:
                self.report("database", f"box {box} is running without an open prompt")
            if state in ("ready", "idle", "provisioned") and running:
                self.report("database", f"box {box} is {state} with a prompt that runs")
        for _, prompt, status, error in prompts:
            before = self.ranks.get(prompt, (0, "queued", None))
            now = (RANKS[status], status, error)
            if now[0] < before[0] or (before[0] == 2 and now != before):
                self.report("database", f"prompt {prompt} went from {before} to {now}")
            self.ranks[prompt] = now
