"""The framing of requests and answers.

A request is a JSON object after its length in eight hexadecimal digits. The bytes that it announces follow it. An answer has the
same form.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# In bytes: the most that is read at once.
CHUNK = 1 << 16


class Refusal(Exception):
    """A request that can't be met: an error code of the API, and a message for the box's owner."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Channel:
    """The two ends of one exchange: standard input and output, unless a test has others."""

    def __init__(self, source: int = 0, target: int = 1) -> None:
        self.source = source
        self.target = target

    def receive(self, length: int) -> Iterator[bytes]:
        """Yields exactly that many bytes, in pieces. Raises EOFError when there are fewer."""
        while length > 0:
            piece = os.read(self.source, min(length, CHUNK))
            if not piece:
                raise EOFError
            length -= len(piece)
            yield piece

    def receive_all(self, length: int) -> bytes:
        return b"".join(self.receive(length))

    def receive_request(self) -> "dict[str, Any]":
        """Raises ValueError for anything else than a request."""
        request = json.loads(self.receive_all(int(self.receive_all(8), 16)))
        if not isinstance(request, dict):
            raise ValueError("a request is an object")
        return request

    def send(self, pieces: Iterable[bytes | bytearray]) -> None:
        for piece in pieces:
            write_all(self.target, piece)

    def answer(self, header: "Mapping[str, Any]", pieces: Iterable[bytes | bytearray] = ()) -> None:
        text = json.dumps(header).encode()
        self.send([b"%08x" % len(text), text, *pieces])


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]
