"""Runs `box` against a scripted server and compares what it writes, literally."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))
from scripted_server import Answer, ScriptedServer

KEY = "box_contractkey0123456789"
ID = "bx_8pqt6dup"
server = ScriptedServer()
failures: list[str] = []
checks = 0


class Run:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def environment(extra=None):
    variables = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], "BOX_API_KEY": KEY,
                 "BOX_API_URL": server.origin, "LC_ALL": "C"}
    variables.update(extra or {})
    return {name: value for name, value in variables.items() if value is not None}


def json_mode(arguments):
    """Adds --json where `box` reads it. After the box's name, the arguments of `ssh` are the remote command's."""
    return ["--json", *arguments] if arguments[0] == "ssh" else [*arguments, "--json"]


def box(*arguments, env=None, stdin="", timeout=60):
    """Runs `box` to its end."""
    done = subprocess.run(["box", *arguments], env=environment(env), input=stdin.encode(), capture_output=True,
                          timeout=timeout)
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def script(routes):
    """Sets the server's responses: a dictionary of routes."""
    server.reset()
    for route, answers in routes.items():
        server.on(route, *(answers if isinstance(answers, (list, tuple)) else (answers,)))


def ok(text, status=200):
    return Answer(status, text)


def check(name, condition, detail=""):
    global checks
    checks += 1
    if not condition:
        failures.append(f"{name}: {detail}")


def equal(name, actual, expected):
    check(name, actual == expected, f"\n    expected {expected!r}\n    got      {actual!r}")


def prints(name, arguments, routes, *lines, status=0, env=None, stdin=""):
    """Runs in JSON mode and expects exactly these lines, and an empty stderr."""
    script(routes)
    run = box(*json_mode(arguments), env=env, stdin=stdin)
    equal(f"{name}: stdout", run.out, "".join(line + "\n" for line in lines))
    equal(f"{name}: stderr", run.err, "")
    equal(f"{name}: exit status", run.status, status)
    equal(f"{name}: requests", server.problems, [])
    check(f"{name}: the key is not shown", KEY not in run.out + run.err)
    return run


def error_line(message, code=None, status=None):
    """The documented error line, byte for byte."""
    line = {"event": "error", "error": message}
    if code is not None:
        line["code"] = code
    if status is not None:
        line["status"] = status
    # Python doesn't escape this character, which some readers treat as the end of a line.
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).replace("\u2028", "\\u2028")


def finish():
    for failure in failures:
        print(f"FAIL {failure}", file=sys.stderr)
    print(f"{checks} checks, {len(failures)} failed")
    sys.exit(1 if failures or not checks else 0)
