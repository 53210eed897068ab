"""Operations on files, done with the rights of the box's user."""

import os
import stat
import time
from collections.abc import Iterable

from boxguest.paths import absolute, open_directory, open_file, refusal, refuse_unless_regular, resolve, shown
from boxguest.protocol import Refusal, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box, Context
    from boxguest.requests import ApplyRequest, ReadRequest, WriteRequest


def read(request: "ReadRequest", context: "Context") -> None:
    """Answers with `size` and the file's bytes. A file that grows meanwhile is cut; one that shrinks ends the answer early."""
    path = request["path"]
    try:
        descriptor, status = open_file(context.box, path)
    except OSError as error:
        raise refusal(error, path) from error
    if status.st_size > request.get("limit", status.st_size):
        raise Refusal("file_too_large", f"{shown(path)} has {status.st_size} bytes; at most {request['limit']} are possible here")
    context.channel.answer({"size": status.st_size})
    left = status.st_size
    while left > 0:
        sent = os.sendfile(context.channel.target, descriptor, None, left)
        if sent == 0:
            return
        left -= sent


def write(request: "WriteRequest", context: "Context") -> None:
    """Writes the bytes that follow. The path has the whole new file, or the old one."""
    path = request["path"]
    try:
        write_file(context.box, path, context.channel.receive(request["size"]), request.get("mode"))
    except OSError as error:
        raise refusal(error, path) from error
    context.channel.answer({"size": request["size"]})


def apply(request: "ApplyRequest", context: "Context") -> None:
    """Removes files and writes others, each independently. Answers with the failures."""
    failures = {}
    for path in request.get("remove", []):
        try:
            remove_file(context.box, path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            pass  # What is there now isn't the file.
        except (OSError, Refusal) as error:
            failures[path] = str(error)
    for file in request.get("write", []):
        # The bytes are read in any case, because those of the next file follow.
        contents = list(context.channel.receive(file["size"]))
        try:
            write_file(context.box, file["path"], contents, file.get("mode"))
        except (OSError, Refusal) as error:
            failures[file["path"]] = str(error)
    context.channel.answer({"failures": failures})


def write_file(box: "Box", path: str, pieces: Iterable[bytes], mode: int | None = None) -> None:
    """Writes a file under a temporary name and renames it. Without a mode it keeps the old file's, or gets 0644."""
    if path.endswith("/"):
        raise Refusal("invalid_path", f"{shown(path)} is a directory's name")
    real = resolve(box, path)
    if real in box.roots:
        raise Refusal("invalid_path", f"{shown(path)} is a directory")
    parent, name = os.path.split(real)
    directory = open_directory(parent, create=True)
    try:
        try:
            earlier = os.stat(name, dir_fd=directory, follow_symlinks=False)
            refuse_unless_regular(earlier, path)
            mode = mode or stat.S_IMODE(earlier.st_mode)
        except FileNotFoundError:
            pass
        replace(directory, name, pieces, mode or 0o644)
    finally:
        os.close(directory)


def replace(directory: int, name: str, pieces: Iterable[bytes], mode: int) -> None:
    partial = f".box-{os.getpid()}-{time.monotonic_ns():x}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)
    try:
        for piece in pieces:
            write_all(descriptor, piece)
        os.fchmod(descriptor, mode)
        os.rename(partial, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.unlink(partial, dir_fd=directory)
        raise
    finally:
        os.close(descriptor)


def remove_file(box: "Box", path: str) -> None:
    parent, name = os.path.split(absolute(box, path))
    directory = open_directory(resolve(box, parent), create=False)
    try:
        os.unlink(name, dir_fd=directory)
    finally:
        os.close(directory)
    remove_empty(box, parent)


def remove_empty(box: "Box", directory: str) -> None:
    """Removes the directory, and those above it below the home directory, as long as they are empty."""
    directory = os.path.realpath(directory)
    while directory.startswith(box.home + "/"):
        try:
            os.rmdir(directory)
        except OSError:
            return
        directory = os.path.dirname(directory)
