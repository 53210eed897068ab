"""A `box events --follow --json` that a soak keeps running for a box, and its output."""

import json
import subprocess

RANKS = {"queued": 0, "running": 1, "finished": 2, "failed": 2}


class Follower:
    running: set["Follower"] = set()

    def __init__(self, box, directory):
        self.box, self.path = box, f"{directory}/{box}.jsonl"
        self.begin()

    def begin(self):
        with open(self.path, "w") as out, open(f"{self.path}.err", "w") as errors:
            arguments = ["box", "events", self.box, "--follow", "--json"]
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        self.running.add(self)

    def lines(self):
        with open(self.path) as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def finals(self):
        """Its complete events. A follower that found no boxd at its start is started again."""
        lines = self.lines()
        if self.process.poll() is not None and all(line["event"] != "chat" for line in lines):
            self.begin()
            return []
        return [line["data"] for line in lines if line["event"] == "chat" and line["final"]]

    def problems(self, events):
        """The differences between the box's final events, in order, and the printed ones. Empty when all were printed."""
        seen = self.finals()
        if self.process.poll() is not None:
            yield f"box events --follow has ended: {self.lines()[-1:]}"
        texts = [event["id"] for event in seen if event["type"] != "prompt"]
        expected = [event["id"] for event in events if event["type"] != "prompt"]
        if texts != expected:
            pairs = enumerate(zip(texts, expected, strict=False))
            at = next((number for number, pair in pairs if pair[0] != pair[1]), min(len(texts), len(expected)))
            yield f"it has {len(texts)} of {len(expected)} events; from number {at} on {texts[at:at + 3]}, not {expected[at:at + 3]}"
        for prompt in (event for event in events if event["type"] == "prompt"):
            yield from self.problems_of_prompt(prompt, seen)

    @staticmethod
    def problems_of_prompt(prompt, seen):
        statuses = [event["data"]["status"] for event in seen if event["id"] == prompt["id"]]
        ranks = [RANKS[status] for status in statuses]
        if statuses[-1:] != [prompt["data"]["status"]] or ranks != sorted(set(ranks)):
            yield f"prompt {prompt['id']} is {prompt['data']['status']} and was seen {statuses}"
        # A prompt that had ended when it was first seen is at the position of its beginning.
        own = [event["type"] for event in seen if event.get("taskId") == prompt["id"]]
        if len(statuses) > 1 and own[-1] != "prompt":
            yield f"prompt {prompt['id']} was seen to end before its events"

    def end(self):
        self.running.discard(self)
        self.process.terminate()
        self.process.wait()

    @classmethod
    def end_all(cls):
        for follower in list(cls.running):
            follower.end()
