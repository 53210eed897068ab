"""The prompts of scripts/soak/prompts: the directives of each for the fake model, and the events that its run may have.

Everything that a run does and outputs contains the run's own mark. So an event in the wrong run or box, a missing one,
and a duplicate one are detected.
"""

import itertools
import re

numbers = itertools.count(1)
MARK = re.compile(r"\bm\d+q\b")
PROVIDERS = ("codex", "claude-code")


class Run:
    """One prompt, its expected result, and the actions on it."""

    def __init__(self, rng, kind=None):
        self.mark = f"m{next(numbers)}q"
        self.provider = rng.choice(PROVIDERS)
        self.id = None
        # The final events in order, each by a text that it must contain; and whether some of them may be repeated or
        # missing.
        self.expected, self.may_differ = [], False
        # How it ends without any action: None for finished, or the error; and whether it ends by itself at all.
        self.failure, self.ends = None, True
        self.steps = self.commits = 0
        # The processes that it leaves belong to the box, unless the run was ended.
        self.was_interrupted = self.was_stopped = False
        self.kind = kind or rng.choices(list(KINDS), weights=list(KINDS.values()))[0]
        self.text = f"{self.mark} {getattr(self, self.kind)(rng)}"

    def __str__(self):
        return f"prompt {self.id} ({self.provider}: {self.text[:120]})"

    # The kinds: each returns directives of fake_models.py.

    def say(self, text):
        self.expected.append(text)
        return f"[[say {text}]]"

    def done(self):
        return self.say(f"{self.mark}-done")

    def run(self, command, name):
        """The command has to contain the name."""
        self.expected.append(f"{self.mark}-{name}")
        return f"[[run {command}]] "

    def steps_only(self, rng):
        self.steps = rng.randint(1, 15)
        pause = rng.choice(["", "", "sleep 0.3; "])
        lines = (f"{pause}echo {self.mark}-step{number}. >> ~/steps.txt" for number in range(1, self.steps + 1))
        return "".join(self.run(line, f"step{number}.") for number, line in enumerate(lines, 1)) + self.done()

    def stream(self, rng):
        count = rng.randint(2, 30)
        self.expected.append(" ".join(f"word-{number}" for number in range(1, count + 1)))
        return f"[[stream {count} words {rng.choice([0.01, 0.05, 0.2])}]]"

    def background(self, rng):
        """Leaves processes running, in its own session and in others."""
        return self.run(self.spread("bg"), "bg") + self.done()

    def spread(self, name):
        sleep = f'exec -a {self.mark}-{name} sleep 9999'
        return (
            f"({sleep}) >/dev/null 2>&1 & setsid bash -c '{sleep}' </dev/null >/dev/null 2>&1 & "
            f"(setsid nohup bash -c '{sleep}' </dev/null >/dev/null 2>&1 &)"
        )

    def endless(self, rng):
        self.ends = False
        self.say(f"{self.mark}-before")
        return f"[[say {self.mark}-before]] " + self.run(f"{self.spread('sub')}; exec -a {self.mark}-fg sleep 9999", "fg")

    def hang(self, rng):
        self.ends = False
        if rng.random() < 0.3:
            return "[[hang]]"
        # Claude keeps the text from before the model hung, Codex only complete answers.
        self.may_differ = True
        return f"{self.say(f'{self.mark}-before')} [[hang]]"

    def cut(self, rng):
        """The connection breaks during an answer: once, or for Codex, which soon gives up, each time."""
        self.may_differ = True
        half = self.say(f"{self.mark}-half")
        if self.provider == "codex" and rng.random() < 0.3:
            self.failure = "stream disconnected before completion"
            return f"{half} [[cut]]"
        return f"{half} [[cut times=1]] {self.done()}"

    def refusal(self, rng):
        """The provider refuses: once, or permanently."""
        if rng.random() < 0.5:
            # Codex doesn't retry after a 429.
            return f"[[status {rng.choice([500, 503] if self.provider == 'codex' else [500, 529, 429])} times=1]] {self.done()}"
        if rng.random() < 0.5:
            self.failure = "401 Unauthorized" if self.provider == "codex" else r"the provider refuses the API key \(status 401\)"
            return "[[status 401]]"
        self.failure = "quota|Quota" if self.provider == "codex" else "Credit balance is too low"
        return "[[usage-limit]]"

    def commit(self, rng):
        self.commits = rng.randint(1, 3)
        # A killed git leaves its locks.
        commit = (
            "cd ~/work 2>/dev/null || {{ mkdir ~/work && cd ~/work; }}; [ -d .git ] || git init -q; find .git -name '*.lock' -delete; "
            "echo {0} >> log; git add -A && git -c user.name=u -c user.email=u@example.com commit -qm {0}"
        )
        names = [f"commit{number}." for number in range(1, self.commits + 1)]
        return "".join(self.run(commit.format(f"{self.mark}-{name}"), name) for name in names) + self.done()

    # Results

    def problems(self, status, error, events):
        """The errors in the run's end and in its final events, in order."""
        if status == "finished":
            if self.failure or not self.ends:
                yield "finished, which it can't"
        elif not self.is_true(error or ""):
            yield f"failed for a reason that isn't true: {error}"
        responses = [event["data"] for event in events if event["type"] == "response"]
        yield from self.compare([shown(response) for response in responses], is_whole=status == "finished")
        commits = [event["data"]["commitMessage"] for event in events if event["type"] == "git_checkpoint"]
        expected = [f"{self.mark}-commit{number}." for number in range(1, self.commits + 1)]
        if commits != expected[:len(commits)] or (status == "finished" and len(commits) < self.commits):
            yield f"its commits are {commits}, not {expected}"
        for event in events:
            marks = set(MARK.findall(str(event["data"]))) - {self.mark}
            if marks and event["type"] != "prompt":
                yield f"an event of it is about {marks}"

    def is_true(self, error):
        return (
            (self.was_interrupted and error == "interrupted")
            or (self.was_stopped and error == "the box was stopped")
            or (self.failure is not None and re.search(self.failure, error) is not None)
        )

    def compare(self, responses, is_whole):
        if self.may_differ:
            if wrong := [text for text in responses if not any(expected in text for expected in self.expected)]:
                yield f"it has responses of something else: {wrong}"
            if is_whole and (not responses or self.expected[-1] not in responses[-1]):
                yield f"its last response isn't {self.expected[-1]} but {responses[-1:]}"
            return
        matching = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] in pair[1], zip(self.expected, responses, strict=False)))
        if matching != len(responses) or (is_whole and matching != len(self.expected)):
            yield f"its responses are {responses}, not {self.expected}"

    def problems_of_steps(self, lines, status, events):
        """The errors in what its commands wrote into the box. `lines` are those of all runs."""
        written = [line for line in lines if line.startswith(f"{self.mark}-")]
        told = sum("-step" in shown(event["data"]) for event in events if event["type"] == "response")
        is_incomplete = status == "finished" and len(written) != self.steps
        # The last command may have been ended before it wrote, or before it was reported. When a box stops, more may be
        # unreported.
        if (
            written != [f"{self.mark}-step{number}." for number in range(1, len(written) + 1)]
            or is_incomplete
            or told > len(written) + 1
            or (told < len(written) - 1 and not self.was_stopped)
        ):
            yield f"the box's file has {written}, and its events {told} of {self.steps}"


# The kinds with their weights.
KINDS = {
    "steps_only": 30, "stream": 12, "background": 10, "endless": 12, "hang": 8, "cut": 8, "refusal": 10, "commit": 10,
}


def shown(response):
    """The text that identifies a response: its content, or its tool's input."""
    return response.get("content") or " ".join(str(tool["use"]["input"]) for tool in response.get("tools", []))
