"""Commands: a shell line that runs as the box's user while the caller waits."""

import os
import select
import signal
import time

from boxguest.launch import TICK, environment, output_pipe, restore_signals, signal_name, stored
from boxguest.output import Output
from boxguest.paths import is_inside, outside, reason, resolve, shown
from boxguest.protocol import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box, Context
    from boxguest.requests import RunRequest

# In bytes: what one argument of a program may have, with room to spare. See execve(2), MAX_ARG_STRLEN.
LONGEST_ARGUMENT = 100_000


def run(request: "RunRequest", context: "Context") -> None:
    """Runs a shell line. Answers when it has ended or its time is up; ends it when the caller has gone."""
    script = context.channel.receive_all(request["script"])
    cwd = enter(context.box, request.get("cwd") or context.box.home)
    started = time.time()
    deadline = time.monotonic() + request["timeout"]
    pipes = [output_pipe(context.box), output_pipe(context.box)]
    child = spawn(context.box, script, request, [write_end for _, write_end in pipes])
    for _, write_end in pipes:
        os.close(write_end)
    outputs = [Output(read_end, request["limit"]) for read_end, _ in pipes]
    timed_out, status = supervise(child, outputs, deadline, context.channel.source)
    for output in outputs:
        output.finish()
    context.channel.answer(
        {
            "exitCode": 124 if timed_out else exit_code(status),
            "signal": signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) and not timed_out else None,
            "timedOut": timed_out,
            "stdout": len(outputs[0].bytes),
            "stderr": len(outputs[1].bytes),
            "stdoutTruncated": outputs[0].is_truncated,
            "stderrTruncated": outputs[1].is_truncated,
            "cwd": cwd,
            "startedAt": int(started * 1000),
            "finishedAt": int(time.time() * 1000),
        },
        [output.bytes for output in outputs],
    )


def exit_code(status: int) -> int:
    """As a shell has it: 128 and the signal's number for a program that a signal ended."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def enter(box: "Box", path: str) -> str:
    """Changes to a directory, which the command inherits. Returns its path without links."""
    try:
        os.chdir(resolve(box, path))
    except OSError as error:
        raise Refusal("invalid_path", f"cwd {shown(path)}: {reason(error)}") from error
    cwd = os.getcwd()
    if not is_inside(cwd, box.roots):
        raise outside(box, "cwd", path)
    return cwd


def spawn(box: "Box", script: bytes, request: "RunRequest", outputs: list[int]) -> int:
    """Starts bash as the box's user in a session, and so a process group, of its own."""
    long_script = None
    if len(script) <= LONGEST_ARGUMENT:
        arguments = [b"-c", b"--", script]
    else:
        long_script = stored("command", script)
        arguments = [b"-c", b'IFS= read -rd "" -u 9 command; exec 9<&-; eval "$command"']
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(outputs[0], 1)
        os.dup2(outputs[1], 2)
        if long_script is not None:
            os.dup2(long_script, 9)
        box.account.become()
        restore_signals()
        os.execve("/bin/bash", [b"bash", b"-l", *arguments, *map(os.fsencode, request.get("arguments", []))], environment(box, request))
    finally:
        os._exit(127)


def supervise(child: int, outputs: list[Output], deadline: float, caller: int) -> tuple[bool, int]:
    """Reads the outputs until the child has ended. Returns whether its time was up, and its status.

    `caller` is a descriptor that becomes readable when the caller has gone.
    """
    ended = os.pidfd_open(child)
    poll = select.poll()
    for descriptor in (ended, caller, *(output.descriptor for output in outputs)):
        poll.register(descriptor, select.POLLIN)
    by_descriptor = {output.descriptor: output for output in outputs}
    timed_out = False
    while True:
        asked = time.monotonic()
        wait = min(max(deadline - asked, 0), TICK)
        events = poll.poll(wait * 1000 if not timed_out else None)
        late = time.monotonic() - asked - wait
        if late > TICK and not timed_out:
            deadline += late  # The box was frozen, to be copied. That is not the command's time.
        for descriptor, _ in events:
            if descriptor in by_descriptor:
                by_descriptor[descriptor].read()
                if not by_descriptor[descriptor].is_open:
                    poll.unregister(descriptor)
            elif descriptor == caller:
                kill_group(child)
                os._exit(1)
        if any(descriptor == ended for descriptor, _ in events):
            return timed_out, os.waitpid(child, 0)[1]
        if not timed_out and time.monotonic() >= deadline:
            timed_out = True
            kill_group(child)


def kill_group(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        # It has no group of its own yet, so it has started nothing.
        os.kill(child, signal.SIGKILL)
