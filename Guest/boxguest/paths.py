"""The rules for paths of requests.

They are decided by a process with the rights of the box's user, so that no link in the box leads a write of root astray.
"""

import json
import os
import stat

from boxguest.protocol import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box


def is_inside(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


def absolute(box: "Box", path: str) -> str:
    """The path from the root. `~`, and a relative path, begin in the home directory, as in a new shell."""
    if path == "~" or path.startswith("~/"):
        path = path[1:].lstrip("/")
    return os.path.join(box.home, path)


def resolve(box: "Box", path: str) -> str:
    """The absolute path without links. Refuses what is outside of the box's roots."""
    if not path or "\0" in path or len(os.fsencode(path)) > 4000:
        raise Refusal("invalid_path", "path has to have 1 to 4000 bytes and no NUL")
    real = os.path.realpath(absolute(box, path))
    if not is_inside(real, box.roots):
        raise outside(box, "path", path)
    return real


def outside(box: "Box", field: str, path: str) -> Refusal:
    return Refusal("invalid_path", f"{field} leads out of {' and '.join(box.roots)}: {shown(path)}")


def shown(path: str) -> str:
    """The path as messages have it."""
    return json.dumps(path[:200])


def refusal(error: OSError, path: str) -> Refusal:
    """What an error of the system means to the caller who asked for that path."""
    if isinstance(error, FileNotFoundError):
        return Refusal("file_not_found", f"there is no file {shown(path)}")
    if isinstance(error, (PermissionError, NotADirectoryError, IsADirectoryError)):
        return Refusal("invalid_path", f"{shown(path)}: {reason(error)}")
    return Refusal("invalid_path", f"{shown(path)} can't be used: {reason(error)}")


def reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def refuse_unless_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise Refusal("invalid_path", f"{shown(path)} is {kind}")


def open_file(box: "Box", path: str) -> tuple[int, os.stat_result]:
    """Opens a regular file for reading."""
    # Without O_NONBLOCK, opening a FIFO waits for its other end.
    descriptor = os.open(resolve(box, path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    # A link may have taken the path's place since it was resolved; the descriptor says what was opened.
    if not is_inside(os.readlink(f"/proc/self/fd/{descriptor}"), box.roots):
        raise outside(box, "path", path)
    status = os.fstat(descriptor)
    refuse_unless_regular(status, path)
    return descriptor, status


def open_directory(path: str, create: bool) -> int:
    """Opens a directory by its path without links. A link that takes a directory's place meanwhile is not followed."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    directory = os.open("/", flags)
    for name in path.strip("/").split("/"):
        parent = directory
        try:
            directory = open_child(parent, name, flags, create)
        finally:
            os.close(parent)
    return directory


def open_child(parent: int, name: str, flags: int, create: bool) -> int:
    try:
        return os.open(name, flags, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        pass
    return os.open(name, flags, dir_fd=parent)
