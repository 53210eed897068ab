"""A job's first process and its outputs."""

import os
import select
import signal
import time

from boxguest.launch import environment, output_pipe, restore_signals, stored
from boxguest.paths import resolve
from boxguest.processes import end_with_parent
from boxguest.protocol import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box
    from boxguest.records import Records
    from boxguest.requests import StartRequest

# In bytes: of one line of standard output, and of the end of standard error.
LONGEST_LINE = 8 << 20
ERROR_TAIL = 4000
# In seconds: for reading what the job printed before its end.
DRAIN = 0.3


class Job:
    """Starts the job as the box's user, and records the lines of its standard output."""

    def __init__(self, request: "StartRequest", box: "Box", standard_input: bytes, records: "Records", poll: "select.poll") -> None:
        self.records = records
        self.poll = poll
        self.directory = directory_of(box, request)
        self.status: int | None = None
        # The line that isn't complete yet.
        self.line = bytearray()
        self.errors = b""
        self.printed_too_much = False
        # When it last printed something.
        self.heard = time.monotonic()
        pipes = [output_pipe(box), output_pipe(box)]
        source = stored("input", standard_input)
        self.process = os.fork()
        if self.process == 0:
            self.execute(request, box, [source, *(write_end for _, write_end in pipes)])
        os.close(source)
        for read_end, write_end in pipes:
            os.close(write_end)
            os.set_blocking(read_end, False)
        self.output, self.error = pipes[0][0], pipes[1][0]
        # The outputs that haven't ended.
        self.open = {self.output, self.error}
        # Becomes readable when the job has ended.
        self.ended = os.pidfd_open(self.process)
        for descriptor in (self.output, self.error, self.ended):
            poll.register(descriptor, select.POLLIN)

    def execute(self, request: "StartRequest", box: "Box", descriptors: list[int]) -> None:
        """The new process becomes the job."""
        try:
            os.setsid()
            # When the box has no memory left, the kernel ends this before the box's own programs.
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                file.write("500")
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            box.account.become()
            end_with_parent()
            os.chdir(self.directory)
            restore_signals()
            os.execve("/bin/bash", ["bash", "-lc", "--", *request["arguments"]], environment(box, request))
        finally:
            os._exit(127)

    def read(self, descriptor: int) -> bool:
        """Reads what the job printed. Returns whether there may be more."""
        try:
            piece = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return False
        if not piece:
            self.close(descriptor)
            return False
        if descriptor == self.error:
            self.errors = (self.errors + piece)[-ERROR_TAIL:]
            return True
        self.heard = time.monotonic()
        self.line += piece
        if b"\n" in piece:
            *whole, rest = bytes(self.line).split(b"\n")
            for line in whole:
                self.records.append(b"o", line)
            self.line = bytearray(rest)
        if len(self.line) > LONGEST_LINE or self.records.is_full:
            self.printed_too_much = True
        return True

    def close(self, descriptor: int) -> None:
        self.poll.unregister(descriptor)
        self.open.remove(descriptor)
        os.close(descriptor)

    def interrupt(self) -> None:
        os.kill(self.process, signal.SIGTERM)

    def finish(self) -> None:
        """Reads the rest of the outputs after the job's end, and then its status."""
        self.poll.unregister(self.ended)
        os.close(self.ended)
        deadline = time.monotonic() + DRAIN
        while self.output in self.open and not self.records.is_full:
            if not self.read(self.output):
                if time.monotonic() > deadline:
                    break
                select.select([self.output] if self.output in self.open else [], [], [], 0.02)
        if self.error in self.open:
            self.read(self.error)
        for descriptor in list(self.open):
            self.close(descriptor)
        if self.line:
            self.records.append(b"o", bytes(self.line))
            self.line.clear()
        self.status = os.waitpid(self.process, 0)[1]


def directory_of(box: "Box", request: "StartRequest") -> str:
    """The first of the request's directories that exists, else the home directory."""
    for path in request.get("folders", []):
        try:
            real = resolve(box, path)
        except Refusal:
            continue
        if os.path.isdir(real):
            return real
    return box.home
