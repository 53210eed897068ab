"""What git says about commits. It runs as the box's user and may take its time."""

import os
import subprocess
from collections.abc import Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box
    from boxguest.requests import Commit

# In seconds: for one call.
TIMEOUT = 3
LONGEST_MESSAGE = 8000
LOG = (
    "log", "--no-walk=unsorted", "--root", "--first-parent", "-m", "--numstat", "--no-ext-diff", "--no-textconv",
    "--no-show-signature", "--format=%x1e%H%x1f%B%x1f",
)  # fmt: skip


class Git:
    def __init__(self, box: "Box") -> None:
        self.box = box

    def run(self, directory: str, *arguments: str) -> str | None:
        """The output of git; None when it fails or takes too long."""
        user, group, groups = self.box.account.for_subprocess()
        try:
            ended = subprocess.run(
                [self.box.git, "--no-optional-locks", "-C", directory, *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False,
                user=user, group=group, extra_groups=groups,
                env={"HOME": self.box.home, "PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0", "LANG": "C.UTF-8"},
            )  # fmt: skip
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return ended.stdout.decode(errors="replace") if ended.returncode == 0 else None

    def describe(self, directory: str, commits: list[str]) -> "Iterator[Commit]":
        """The commits as events show them, without those that don't exist any more."""
        commits = [commit for commit in commits if self.run(directory, "cat-file", "-e", commit) is not None]
        if not commits:
            return
        log = self.run(directory, *LOG, *commits) or ""
        pushed = self.pushed(directory, commits)
        branch = (self.run(directory, "rev-parse", "--abbrev-ref", "HEAD") or "HEAD").strip()
        remote = (self.run(directory, "config", "--get", "remote.origin.url") or "").strip()
        for entry in log.split("\x1e")[1:]:
            commit, message, changes = [*entry.split("\x1f"), "", ""][:3]
            counts = [line.split("\t")[:2] for line in changes.splitlines() if line.count("\t") >= 2]
            yield {
                "commitSha": commit,
                "commitMessage": message.strip()[:LONGEST_MESSAGE],
                "commitUrl": web_address(remote, commit),
                "branch": branch,
                "filesChanged": len(counts),
                "additions": sum(int(added) for added, _ in counts if added.isdigit()),
                "deletions": sum(int(removed) for _, removed in counts if removed.isdigit()),
                "pushed": commit in pushed,
            }

    def pushed(self, directory: str, commits: list[str]) -> list[str]:
        """Those that a remote has: git updates its copy of the remote's branch when a push has succeeded."""
        if not self.run(directory, "for-each-ref", "--count=1", "refs/remotes"):
            return []
        missing = self.run(directory, "rev-list", "--max-count=10000", *commits, "--not", "--remotes")
        return [] if missing is None else [commit for commit in commits if commit not in set(missing.split())]


def web_address(remote: str, commit: str) -> str | None:
    """The commit's web page, when its remote is a host with web pages, such as GitHub or GitLab."""
    address = remote.removesuffix("/").removesuffix(".git")
    if address.startswith("git@") and ":" in address:
        host, _, path = address[4:].partition(":")
    elif address.startswith(("https://", "http://", "ssh://")):
        host, _, path = address.partition("://")[2].partition("/")
        # Without a user and a password that it may have.
        host = host.rpartition("@")[2]
        if address.startswith("ssh://"):
            host = host.partition(":")[0]
    else:
        return None
    return f"https://{host}/{path}/commit/{commit}" if host and path else None
