"""The git repositories below a directory, and the commits that are made in them."""

import os
import re
import time
from collections.abc import Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.git import Git

# In seconds.
LOOK = 0.5
SEARCH = 3
# How deep repositories are searched, and in how many directories.
DEPTH = 3
MOST_DIRECTORIES = 3000
# Of one look, and of the whole job: an agent that rewrites a history needs no record for each commit.
MOST_COMMITS = 50
MOST_COMMITS_EVER = 500
# The reasons in git's log of HEAD that mean a new commit.
MADE = (b"commit", b"cherry-pick", b"revert", b"merge", b"rebase")
HASH = re.compile(rb"[0-9a-f]{40}([0-9a-f]{24})?")


class Repositories:
    """Finds commits by git's log of HEAD: a file that grows with each move of HEAD. Looking at its size costs next to nothing."""

    def __init__(self, directory: str, git: "Git") -> None:
        self.directory = directory
        self.git = git
        # From each repository to the size of its log as far as that was read.
        self.logs: dict[str, int] = {}
        self.recorded: set[str] = set()
        self.unpushed: dict[str, list[str]] = {}
        self.next_search = 0.0
        self.search(is_first=True)
        self.next_look = time.monotonic() + LOOK

    def search(self, is_first: bool = False) -> None:
        """Finds repositories. In those of the first search, earlier commits don't count."""
        began = time.monotonic()
        left = [(self.directory, 0)]
        seen = 0
        while left and seen < MOST_DIRECTORIES:
            directory, depth = left.pop(0)
            seen += 1
            if os.path.isdir(f"{directory}/.git") and directory not in self.logs:
                self.logs[directory] = log_size(directory) if is_first else 0
            if depth < DEPTH:
                left += [(path, depth + 1) for path in subdirectories(directory)]
        # A large tree is searched less often.
        self.next_search = time.monotonic() + max(SEARCH, 20 * (time.monotonic() - began))

    def look(self, is_last: bool) -> Iterator[tuple[bytes, Mapping[str, object]]]:
        """Yields what is new: a record's kind and contents each."""
        if is_last or time.monotonic() >= self.next_search:
            self.search()
        for directory, known in self.logs.items():
            size = log_size(directory)
            if size == known:
                continue
            self.logs[directory] = size
            new = [commit for commit in commits_made(directory, known if size > known else 0) if commit not in self.recorded]
            new = new[-MOST_COMMITS:][: MOST_COMMITS_EVER - len(self.recorded)]
            self.recorded.update(new)
            for commit in self.git.describe(directory, new):
                if not commit["pushed"]:
                    self.unpushed.setdefault(directory, []).append(commit["commitSha"])
                yield b"c", commit
        if is_last:
            for directory, commits in self.unpushed.items():
                for pushed in self.git.pushed(directory, commits):
                    yield b"p", {"commitSha": pushed}
        self.next_look = time.monotonic() + LOOK


def subdirectories(directory: str) -> list[str]:
    """Those that may have repositories."""
    try:
        with os.scandir(directory) as entries:
            return [
                entry.path
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.name != "node_modules"
            ]
    except OSError:
        return []


def log_size(directory: str) -> int:
    try:
        return os.stat(f"{directory}/.git/logs/HEAD").st_size
    except OSError:
        return 0


def commits_made(directory: str, start: int) -> Iterator[str]:
    """The new commits in the log from an offset on."""
    for line in log_text(directory, start).split(b"\n"):
        fields, _, reason = line.partition(b"\t")
        hashes = fields.split(b" ")
        is_made = reason.startswith(MADE) and b"Fast-forward" not in reason and b"(start)" not in reason
        if is_made and len(hashes) > 2 and hashes[0] != hashes[1] and HASH.fullmatch(hashes[1]):
            yield hashes[1].decode()


def log_text(directory: str, start: int) -> bytes:
    """Empty when there is no log, or something else of that name, such as a FIFO or a directory."""
    try:
        descriptor = os.open(f"{directory}/.git/logs/HEAD", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            file.seek(start)
            return file.read(1 << 20)
    except OSError:
        return b""
