"""Processes below a supervisor: finding, ending and reaping them."""

import ctypes
import os
import signal
import time
from collections.abc import Iterable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None)


def become_subreaper() -> None:
    """Makes this process the parent of every process below it that loses its own. See prctl(2)."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Has the kernel end this process when its parent ends. A change of the user undoes it, so it comes after that."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def children_of(process: int) -> list[int]:
    children = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
                children += [int(child) for child in file.read().split()]
    except OSError:
        pass  # It has ended meanwhile.
    return children


def descendants_of(process: int, spared: int | None = None) -> list[int]:
    """Everything below a process, except the spared child and what is below that."""
    found = []
    left = [process]
    while left:
        below = [child for child in children_of(left.pop()) if child != spared]
        found += below
        left += below
    return found


def kill(processes: Iterable[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def kill_descendants(supervisor: int, first: int | None = None, observer: int | None = None) -> None:
    """Ends everything below a supervisor. A process that loses its parent becomes the supervisor's child, so none escapes.

    `first` is the job's first process: it is killed, and not reaped, because its end says how the job ended. `observer` is spared.
    """
    for _ in range(200):
        found = descendants_of(supervisor, observer)
        kill(found)
        if supervisor == os.getpid():
            reap({first, observer})
        if all(process == first for process in found):
            return
        time.sleep(0.002)


def reap(spared: set[int | None]) -> None:
    """Reaps ended children that other programs left to this process."""
    for child in children_of(os.getpid()):
        if child not in spared:
            try:
                os.waitpid(child, os.WNOHANG)
            except ChildProcessError:
                pass


def memory_kills() -> int:
    """How many processes the box has lost because it was out of memory."""
    for path in ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"):
        try:
            with open(path, encoding="ascii") as file:
                fields = dict(line.split(maxsplit=1) for line in file)
            return int(fields.get("oom_kill", 0))
        except (OSError, ValueError):
            continue
    return 0
