"""Output to closed pipes, to a full disk, and without a stdout."""

import subprocess

from harness import ID, Answer, box, check, environment, equal, finish, ok, script, server
from shapes import CREATED, box_json, info


def shell(line):
    """A line for Bash that prints the status of every command of a pipe."""
    return subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], env=environment(), capture_output=True,
                          timeout=60)


def a_huge_list():
    boxes = ",".join(box_json("ready", f"bx_{number:08d}") for number in range(4000))
    script({"GET /boxes": ok(f'{{"boxes":[{boxes}],"pageInfo":{{"hasMore":false}}}}')})
    for reader in ("head -1 | wc -l", "head -c 1 | wc -c"):
        done = shell(f"box list --json | {reader}")
        equal(f"a huge list | {reader}", [done.stdout.strip(), done.stderr, done.returncode], [b"1", b"", 0])
    done = shell("box list --quiet | head -1")
    equal("a huge list of ids | head -1", [done.stdout, done.stderr, done.returncode], [b"bx_00000000\n", b"", 0])
    run = box("list", "--json")
    equal("a huge list is whole", len(run.lines[0]["boxes"]), 4000)


def a_reader_that_is_gone():
    routes = {f"GET /boxes/{ID}": ok(info("ready")), "POST /boxes": ok(CREATED, 202)}
    for command in (f"box info {ID}", "box new", "box version", f"box info {ID} --help"):
        for mode in ("", " --json"):
            script(routes)
            done = shell(f"{{ sleep 0.2; {command}{mode}; }} | true")
            equal(f"{command}{mode} | true", [done.stderr, done.returncode], [b"", 0])
    script({f"GET /boxes/{ID}": Answer(404, '{"error":"not_found"}')})
    done = shell(f"{{ sleep 0.2; box info {ID} --json; }} | true")
    equal("a failure | true keeps its status", [done.stderr, done.returncode], [b"", 1])


def a_stdout_that_takes_nothing():
    for target, reason in [(">/dev/full", b"No space left on device"), (">&-", b"Bad file descriptor")]:
        for command in (f"box info {ID}", "box version", "box config", "box --help", "box new"):
            for mode in ("", " --json"):
                script({f"GET /boxes/{ID}": ok(info("ready")), "POST /boxes": ok(CREATED, 202)})
                done = shell(f"{command}{mode} {target}")
                equal(f"{command}{mode} {target}", [done.stderr.splitlines()[-1:], done.returncode],
                      [[b"error: could not write to standard output: " + reason], 1])
        script({f"GET /boxes/{ID}": Answer(404, '{"error":"not_found"}')})
        done = shell(f"box info {ID} --json {target}")
        check(f"a failure {target}", done.returncode == 1 and reason in done.stderr, done.stderr)
    script({f"GET /boxes/{ID}": Answer(404, '{"error":"not_found"}')})
    done = shell(f"box info {ID} --json 2>&-")
    equal("no stderr", [done.stdout.count(b"\n"), done.returncode], [1, 1])
    done = shell(f"box info {ID} --json <&-")
    equal("no stdin", [done.stdout.count(b"\n"), done.returncode], [1, 1])
    done = shell(f"box info {ID} <&- >&- 2>&-")
    equal("no stream at all", done.returncode, 1)


def json_mode_is_quiet():
    script({f"GET /boxes/{ID}": ok(info("ready"))})
    for where in (["--json", "info", ID], ["info", "--json", ID], ["info", ID, "--json"],
                  ["--no-update", "--json", "info", ID]):
        run = box(*where, env={"TERM": "xterm-256color", "CLICOLOR_FORCE": "1"})
        equal(f"{' '.join(where)}", [run.out.count("\n"), run.err, "\x1b" in run.out], [1, "", False])
    equal("no request was odd", server.problems, [])


a_huge_list()
a_reader_that_is_gone()
a_stdout_that_takes_nothing()
json_mode_is_quiet()
finish()
