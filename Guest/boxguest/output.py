"""One of a command's outputs."""

import os

from boxguest.protocol import CHUNK


class Output:
    """Reads a pipe to its end and keeps what it has up to a limit, in bytes."""

    def __init__(self, descriptor: int, limit: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.limit = limit
        self.bytes = bytearray()
        self.is_truncated = False
        self.is_open = True

    def read(self) -> None:
        """Reads what is there."""
        try:
            piece = os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            return
        if not piece:
            self.is_open = False
            return
        room = self.limit - len(self.bytes)
        self.bytes += piece[:room]
        self.is_truncated = self.is_truncated or len(piece) > room

    def finish(self) -> None:
        """Reads the rest. What the command left in the background may go on writing, and its output is dropped."""
        # As much as a pipe holds. A program in the background may write without end.
        for _ in range(2):
            self.read()
        if self.is_open and os.fork() == 0:
            self.drop()
        os.close(self.descriptor)

    def drop(self) -> None:
        """Becomes a program that reads the pipe, so that writing to it neither fails nor blocks."""
        try:
            os.setsid()
            null = os.open("/dev/null", os.O_RDWR)
            os.set_blocking(self.descriptor, True)
            os.dup2(self.descriptor, 0)
            for number in (1, 2):
                os.dup2(null, number)
            os.execv("/bin/cat", ["cat"])
        finally:
            os._exit(1)
