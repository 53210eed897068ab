"""A process beside the supervisor that looks for commits: git may be slow, and the supervisor must not be."""

import json
import os
import select
import signal
import time

from boxguest.processes import end_with_parent
from boxguest.protocol import write_all
from boxguest.repositories import Repositories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.git import Git
    from boxguest.records import Records


# In seconds: for the end of a process that was killed.
KILL = 0.1


class Observer:
    """The supervisor's side of it. `found` has the records that the process wrote, and its end."""

    def __init__(self, directory: str, git: "Git", unwanted: list[int]) -> None:
        """`unwanted` are the supervisor's descriptors that the process must not keep open."""
        self.found, target = os.pipe2(os.O_CLOEXEC)
        # Its end asks for the last look.
        source, control = os.pipe2(os.O_CLOEXEC)
        self.control: int | None = control
        self.rest = b""
        self.has_ended = False
        self.process = os.fork()
        if self.process == 0:
            try:
                # A group of its own, so that it and its git can be killed at once.
                os.setpgid(0, 0)
                end_with_parent()
                for descriptor in (self.found, control, *unwanted):
                    os.close(descriptor)
                observe(directory, git, source, target)
            finally:
                os._exit(0)
        # Here too, because nobody knows which of the two runs first.
        os.setpgid(self.process, self.process)
        os.close(target)
        os.close(source)
        os.set_blocking(self.found, False)

    def finish(self) -> None:
        """Asks for the last look. The process ends after it."""
        if self.control is not None:
            os.close(self.control)
            self.control = None

    def read(self, records: "Records") -> bool:
        """Records what has been found. Returns whether there may be more."""
        try:
            piece = os.read(self.found, 1 << 20)
        except BlockingIOError:
            return True
        *lines, self.rest = (self.rest + piece).split(b"\n")
        for line in lines:
            records.append(line[:1], line[1:])
        self.has_ended = not piece
        return bool(piece)

    def kill(self, records: "Records") -> None:
        """Ends the process with its git, and records what it has found until now."""
        os.killpg(self.process, signal.SIGKILL)
        # The kernel can't always end a process that waits for a disk, so there is a limit.
        while select.select([self.found], [], [], KILL)[0] and self.read(records):
            pass

    def close(self) -> None:
        self.finish()
        os.close(self.found)
        if self.has_ended:
            os.waitpid(self.process, 0)


def observe(directory: str, git: "Git", source: int, target: int) -> None:
    """Looks for commits until the source ends, and then once more."""
    repositories = Repositories(directory, git)
    is_last = False
    while not is_last:
        is_last = bool(select.select([source], [], [], max(0, repositories.next_look - time.monotonic()))[0])
        for kind, record in repositories.look(is_last):
            write_all(target, kind + json.dumps(record).encode() + b"\n")
