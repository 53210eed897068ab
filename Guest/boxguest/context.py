"""What the program works with: the box's directories and user, and the channel to boxd. Tests have others."""

import os
import pwd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.protocol import Channel


class Account:
    """A user of the box, by name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ids(self) -> tuple[int, int]:
        """The user's id and that of the user's group."""
        entry = pwd.getpwnam(self.name)
        return entry.pw_uid, entry.pw_gid

    def become(self) -> None:
        """Gives up root for good: from here on this process can do what the user can, and no more."""
        uid, gid = self.ids()
        os.initgroups(self.name, gid)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        os.umask(0o022)

    def for_subprocess(self) -> tuple[int | None, int | None, list[int] | None]:
        """The arguments `user`, `group` and `extra_groups` of the module subprocess."""
        return *self.ids(), []


class Box:
    """The places in the box that the program uses."""

    def __init__(
        self, account: Account, home: str = "/home/user", temporary: str = "/tmp", jobs: str = "/run/jobs", git: str = "/usr/bin/git",
    ) -> None:
        self.account = account
        self.home = home
        # Requests name files below these, and no others.
        self.roots = (home, temporary)
        # The sockets of the jobs' supervisors.
        self.jobs = jobs
        self.git = git


class Context:
    """What every operation gets besides its request."""

    def __init__(self, box: Box, channel: "Channel") -> None:
        self.box = box
        self.channel = channel
