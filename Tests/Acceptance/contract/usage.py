"""Wrong command lines: on stderr, status 2, nothing on stdout, with --json too."""

from harness import box, check, equal, finish, script, server

# The command line, and what the message must name: the wrong word, the valid or similar ones, and the help command.
WRONG = [
    (["lst"], ['unknown command "lst"', 'did you mean "list"?', "box --help"]),
    (["infoo", "x"], ['unknown command "infoo"', '"info"']),
    (["delte", "x"], ['"delte"', '"delete"']),
    (["resmue", "x"], ['"resmue"', '"resume"']),
    (["qqqqqq"], ['unknown command "qqqqqq"', "box --help"]),
    (["local", "foo"], ['unknown command "foo" for `box local`', "box local --help"]),
    (["info"], ["missing ID", "box info ID", "box info --help"]),
    (["info", ""], ["ID is empty"]),
    (["info", "a", "b"], ['unexpected argument "b"', "box info ID"]),
    (["stop"], ["missing ID"]),
    (["resume"], ["missing ID"]),
    (["fork"], ["missing ID"]),
    (["delete"], ["missing ID"]),
    (["interrupt"], ["missing ID"]),
    (["rename", "bx_1"], ["missing NAME"]),
    (["rename", "bx_1", "  "], ["NAME is empty"]),
    (["extend", "bx_1"], ["--ttl", "--hours", "--no-auto-stop"]),
    (["new", "x"], ['unexpected argument "x"']),
    (["new", "--typ", "small"], ['unknown option "--typ"', 'did you mean "--type"?', "box new --help"]),
    (["new", "--no-autostop"], ['"--no-autostop"', '"--no-auto-stop"']),
    (["list", "--jsn"], ['"--jsn"', '"--json"']),
    (["list", "-x"], ['"-x"']),
    (["new", "--type", "huge"], ['invalid --type "huge"', "small", "default", "large"]),
    (["new", "--type=huge"], ['invalid --type "huge"', "small", "default", "large"]),
    (["new", "--ttl", "soon"], ['invalid --ttl "soon"', "seconds"]),
    (["new", "--ttl", "0"], ['invalid --ttl "0"', "1 or more"]),
    (["new", "--ttl", "-5"], ["--ttl"]),
    (["new", "--ttl", "1.5"], ['invalid --ttl "1.5"']),
    (["new", "--ttl", "99999999999999999999"], ["--ttl"]),
    (["new", "--ttl"], ["--ttl needs a value", "--ttl SECONDS"]),
    (["new", "--ttl", "60", "--no-auto-stop"], ["--ttl and --no-auto-stop can't be used together"]),
    (["new", "--name", ""], ["--name is empty"]),
    (["new", "--env", "X"], ['invalid --env "X"', "NAME=VALUE"]),
    (["new", "--env", "1X=2"], ["invalid --env", '"1X"']),
    (["new", "--env", "BOX_ID=x"], ['"BOX_ID" is reserved']),
    (["resume", "x", "--ttl", "1", "--no-auto-stop"], ["--ttl and --no-auto-stop"]),
    (["resume", "x", "--wait", "--no-wait"], ["--wait and --no-wait"]),
    (["stop", "x", "--wait", "--no-wait"], ["--wait and --no-wait"]),
    (["extend", "x", "--hours", "721"], ["--hours", "720"]),
    (["list", "--state", "foo"], ['invalid --state "foo"', "ready", "stopped", "archived"]),
    (["list", "--color", "pink"], ['invalid --color "pink"', "auto", "always", "never"]),
    (["list", "--api-url"], ["--api-url needs a value"]),
    (["list", "--quiet=yes"], ["--quiet takes no value"]),
]


def every_wrong_command_line():
    for arguments, parts in WRONG:
        for line in (arguments, ["--json", *arguments]):
            script({})
            run, name = box(*line), " ".join(line)
            equal(f"{name}: stdout and exit status", [run.out, run.status], ["", 2])
            check(f"{name}: begins like every error", run.err.startswith("error: "), run.err)
            equal(f"{name}: one line", len(run.err.splitlines()), 1)
            for part in parts:
                check(f"{name}: names {part}", part in run.err, run.err)
            equal(f"{name}: no request", len(server.seen), 0)


def help_is_not_an_error():
    for line in (["--help"], ["new", "--help"], ["help", "new"]):
        run = box(*line)
        name = " ".join(line)
        equal(f"{name}: stderr and exit status", [run.err, run.status], ["", 0])
        check(f"{name}: says how", "Usage: box" in run.out, run.out)


every_wrong_command_line()
help_is_not_an_error()
finish()
