"""The types of requests and answers. Only type checkers import this module: `typing` takes milliseconds to load."""

from collections.abc import Callable
from typing import Any, NotRequired, TypedDict

from boxguest.context import Context


class ReadRequest(TypedDict):
    path: str
    # In bytes.
    limit: NotRequired[int]


class WriteRequest(TypedDict):
    path: str
    # Of the contents, which follow the request, in bytes.
    size: int
    mode: NotRequired[int | None]


class ApplyRequest(TypedDict):
    remove: NotRequired[list[str]]
    write: NotRequired[list[WriteRequest]]


class Launch(TypedDict):
    """What commands and jobs have in common."""

    environment: NotRequired[dict[str, str]]


class RunRequest(Launch):
    # Of the shell line, which follows the request, in bytes.
    script: int
    arguments: NotRequired[list[str]]
    cwd: NotRequired[str | None]
    # In seconds.
    timeout: float
    # Of each output, in bytes.
    limit: int


class JobRequest(TypedDict):
    id: str


class StartRequest(Launch):
    id: str
    # A shell line, then its `$0`, `$1` and so on.
    arguments: list[str]
    # Of the standard input, which follows the request, in bytes.
    input: int
    # The names of those variables whose values no record may have, and what stands in their place.
    secrets: NotRequired[list[str]]
    redaction: NotRequired[str]
    # The job runs in the first of these directories that exists.
    folders: NotRequired[list[str]]
    # In seconds: the longest time without output.
    silence: float


class Commit(TypedDict):
    """A record of kind `c`."""

    commitSha: str
    commitMessage: str
    commitUrl: str | None
    branch: str
    filesChanged: int
    additions: int
    deletions: int
    pushed: bool


class Outcome(TypedDict):
    """The last record of a job, of kind `e`."""

    exitCode: int | None
    signal: str | None
    reason: str | None
    outOfMemory: bool
    stderr: str


# Each operation has its own type of request.
Operation = Callable[[Any, Context], None]
