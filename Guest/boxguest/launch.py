"""What commands and jobs have in common when they start and end."""

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box
    from boxguest.requests import Launch

# In seconds: how often the clock is read, at least. A larger gap means that the box was frozen.
TICK = 1
# Variables that bash sets and lets nobody change. From outside they are ignored, or cause a message.
READ_ONLY = {"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"}


def environment(box: "Box", request: "Launch") -> dict[str, str]:
    return {
        "HOME": box.home,
        "USER": "user",
        "LOGNAME": "user",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "BOX_ID": os.environ.get("BOX_ID", ""),
        **{name: value for name, value in request.get("environment", {}).items() if name not in READ_ONLY},
    }


def output_pipe(box: "Box") -> tuple[int, int]:
    """A pipe that belongs to the box's user, so that a command may open its outputs by name, as /dev/stderr. pipe2(2), proc(5)."""
    pipe = os.pipe2(os.O_CLOEXEC)
    os.fchown(pipe[1], *box.account.ids())
    return pipe


def stored(name: str, data: bytes) -> int:
    """A file in memory with that data, to be read from its beginning. Programs that are executed don't inherit it."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def restore_signals() -> None:
    """Python ignores these two, and ignored signals stay so in the programs that it executes."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # A real-time signal.
