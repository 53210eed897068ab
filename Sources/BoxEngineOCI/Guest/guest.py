"""What boxd does inside a box: one request a process, on standard input and output.

A request is a JSON object, after its length in eight hexadecimal digits, and then the bytes that it announces; an answer has the
same form. Paths are decided here, by a process that can do no more than the box's own user, so that no link inside can lead
anything astray on the host. Only Python's own library is used, of the version that the image has.
"""

import json
import os
import pwd
import select
import signal
import stat
import sys
import time

HOME = "/home/user"
ROOTS = (HOME, "/tmp")
CHUNK = 1 << 16
# What one argument of a program may have, with room to spare. See execve(2), MAX_ARG_STRLEN.
LONGEST_ARGUMENT = 100_000
# Variables that bash sets and lets nobody change: given from outside they are ignored, or complained about.
READ_ONLY = {"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"}


class Refusal(Exception):
    """A request that can't be met, with the API's error code and words for the box's owner."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


def receive(length):
    """Yields exactly that many bytes of standard input, in pieces."""
    while length > 0:
        piece = os.read(0, min(length, CHUNK))
        if not piece:
            raise EOFError
        length -= len(piece)
        yield piece


def send(pieces):
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[os.write(1, view):]


def answer(header, pieces=()):
    text = json.dumps(header).encode()
    send([b"%08x" % len(text), text, *pieces])


def become_user():
    """For good: from here on this process can do what the box's user can, and no more."""
    user = pwd.getpwnam("user")
    os.initgroups(user.pw_name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    os.umask(0o022)


# Paths


def is_inside(path, roots=ROOTS):
    return any(path == root or path.startswith(root + "/") for root in roots)


def absolute(path):
    """A path of a request, where a shell's `~` and nothing in front stand for the home directory."""
    if path == "~" or path.startswith("~/"):
        path = path[1:].lstrip("/")
    return os.path.join(HOME, path)


def resolve(path, roots=ROOTS):
    """The absolute path without links of what a request calls `path`."""
    if not path or "\0" in path or len(os.fsencode(path)) > 4000:
        raise Refusal("invalid_path", "path has to have 1 to 4000 bytes and no NUL")
    real = os.path.realpath(absolute(path))
    if not is_inside(real, roots):
        raise Refusal("invalid_path", f"path leads out of {' and '.join(roots)}: {shown(path)}")
    return real


def shown(path):
    return json.dumps(path[:200])


def place_of(descriptor):
    """Where an open file is now. What was checked before it was opened may have been exchanged meanwhile."""
    return os.readlink(f"/proc/self/fd/{descriptor}")


def refusal(error, path):
    """What an error of the system means to whoever asked for that path."""
    if isinstance(error, FileNotFoundError):
        return Refusal("file_not_found", f"there is no file {shown(path)}")
    if isinstance(error, (PermissionError, NotADirectoryError, IsADirectoryError)):
        return Refusal("invalid_path", f"{shown(path)}: {error.strerror.lower()}")
    return Refusal("invalid_path", f"{shown(path)} can't be used: {(error.strerror or str(error)).lower()}")


def open_file(path):
    real = resolve(path)
    # Not waiting for the other end of a FIFO.
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not is_inside(place_of(descriptor)):
        raise Refusal("invalid_path", f"path leads out of {' and '.join(ROOTS)}: {shown(path)}")
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise Refusal("invalid_path", f"{shown(path)} is {kind}")
    return descriptor, status


def open_directory(path, create):
    """Opens a directory by its path without links, step by step, so that none is taken for it that comes to be there meanwhile."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    directory = os.open("/", flags)
    for name in path.strip("/").split("/"):
        try:
            below = os.open(name, flags, dir_fd=directory)
        except FileNotFoundError:
            if not create:
                raise
            try:
                os.mkdir(name, 0o755, dir_fd=directory)
            except FileExistsError:
                pass
            below = os.open(name, flags, dir_fd=directory)
        os.close(directory)
        directory = below
    return directory


# Operations on files


def read(request):
    """Answers with `size` and the file's bytes. One that grows meanwhile is cut, one that shrinks ends the answer early."""
    path = request["path"]
    try:
        descriptor, status = open_file(path)
    except OSError as error:
        raise refusal(error, path) from error
    if status.st_size > request.get("limit", status.st_size):
        raise Refusal("file_too_large", f"{shown(path)} has {status.st_size} bytes; at most {request['limit']} are possible here")
    answer({"size": status.st_size})
    left = status.st_size
    while left > 0:
        sent = os.sendfile(1, descriptor, None, left)
        if sent == 0:
            return
        left -= sent


def write(request):
    """Writes the bytes that follow. The file is there as a whole or as it was before."""
    path = request["path"]
    try:
        write_file(path, receive(request["size"]), request.get("mode"))
    except OSError as error:
        raise refusal(error, path) from error
    answer({"size": request["size"]})


def write_file(path, pieces, mode=None):
    if path.endswith("/"):
        raise Refusal("invalid_path", f"{shown(path)} is a directory's name")
    real = resolve(path)
    if real in ROOTS:
        raise Refusal("invalid_path", f"{shown(path)} is a directory")
    parent, name = os.path.split(real)
    directory = open_directory(parent, create=True)
    try:
        earlier = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if not stat.S_ISREG(earlier.st_mode):
            kind = "a directory" if stat.S_ISDIR(earlier.st_mode) else "not a regular file"
            raise Refusal("invalid_path", f"{shown(path)} is {kind}")
        mode = mode or stat.S_IMODE(earlier.st_mode)
    except FileNotFoundError:
        pass
    partial = f".box-{os.getpid()}-{time.monotonic_ns():x}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view):]
        os.fchmod(descriptor, mode or 0o644)
        os.rename(partial, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.unlink(partial, dir_fd=directory)
        raise
    finally:
        os.close(descriptor)
        os.close(directory)


def apply(request):
    """Removes files and writes others, each for itself; answers with those that could not be, and why."""
    failures = {}
    for path in request.get("remove", []):
        try:
            parent, name = os.path.split(absolute(path))
            directory = open_directory(resolve(parent), create=False)
            os.unlink(name, dir_fd=directory)
            os.close(directory)
            remove_empty(parent)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            pass  # Whatever is there now isn't the file.
        except (OSError, Refusal) as error:
            failures[path] = str(error)
    for file in request.get("write", []):
        # Whatever becomes of the file, the next one's bytes come after its own.
        contents = list(receive(file["size"]))
        try:
            write_file(file["path"], contents, file.get("mode"))
        except (OSError, Refusal) as error:
            failures[file["path"]] = str(error)
    answer({"failures": failures})


def remove_empty(directory):
    """Removes the directory that a file was in, and those above it, up to the home directory, as long as nothing else is in them."""
    directory = os.path.realpath(directory)
    while directory.startswith(HOME + "/"):
        try:
            os.rmdir(directory)
        except OSError:
            return
        directory = os.path.dirname(directory)


# Commands


def run(request):
    """Runs a shell line as the box's user, and answers when it has ended, when its time is up, or when nobody waits any more."""
    script = b"".join(receive(request["script"]))
    cwd = enter(request.get("cwd") or HOME)
    started = time.time()
    deadline = time.monotonic() + request["timeout"]
    lines = [output_pipe(), output_pipe()]
    child = spawn(script, request, [write_end for _, write_end in lines])
    for _, write_end in lines:
        os.close(write_end)
    outputs = [Output(read_end, request["limit"]) for read_end, _ in lines]
    timed_out, status = supervise(child, outputs, deadline)
    for output in outputs:
        output.leave()
    answer(
        {
            "exitCode": 124 if timed_out else exit_code(status),
            "signal": signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) and not timed_out else None,
            "timedOut": timed_out,
            "stdout": len(outputs[0].bytes),
            "stderr": len(outputs[1].bytes),
            "stdoutTruncated": outputs[0].is_truncated,
            "stderrTruncated": outputs[1].is_truncated,
            "cwd": cwd,
            "startedAt": int(started * 1000),
            "finishedAt": int(time.time() * 1000),
        },
        [output.bytes for output in outputs],
    )


def exit_code(status):
    """As a shell tells it: a program that a signal ended has 128 and the signal's number."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # A real-time signal.


def enter(path):
    """Makes the directory this process's own; the command inherits it."""
    try:
        os.chdir(resolve(path))
    except OSError as error:
        raise Refusal("invalid_path", f"cwd {shown(path)}: {(error.strerror or str(error)).lower()}") from error
    cwd = os.getcwd()
    if not is_inside(cwd):
        raise Refusal("invalid_path", f"cwd leads out of {' and '.join(ROOTS)}: {shown(path)}")
    return cwd


def output_pipe():
    """A pipe that belongs to the box's user, so that a command may open its outputs by name, as /dev/stderr. pipe2(2), proc(5)."""
    pipe = os.pipe2(os.O_CLOEXEC)
    user = pwd.getpwnam("user")
    os.fchown(pipe[1], user.pw_uid, user.pw_gid)
    return pipe


def spawn(script, request, outputs):
    """Starts bash as the box's user in a session, and so a process group, of its own."""
    if len(script) <= LONGEST_ARGUMENT:
        arguments, stored = [b"-c", b"--", script], None
    else:
        stored = os.memfd_create("command", os.MFD_CLOEXEC)
        with open(stored, "wb", closefd=False) as file:
            file.write(script)
        os.lseek(stored, 0, os.SEEK_SET)
        arguments = [b"-c", b'IFS= read -rd "" -u 9 command; exec 9<&-; eval "$command"']
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(outputs[0], 1)
        os.dup2(outputs[1], 2)
        if stored is not None:
            os.dup2(stored, 9)
        become_user()
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execve("/bin/bash", [b"bash", b"-l", *arguments, *request.get("arguments", [])], environment(request))
    finally:
        os._exit(127)


def environment(request):
    return {
        "HOME": HOME,
        "USER": "user",
        "LOGNAME": "user",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "BOX_ID": os.environ.get("BOX_ID", ""),
        **{name: value for name, value in request.get("environment", {}).items() if name not in READ_ONLY},
    }


class Output:
    """One of a command's output streams: kept up to a limit, read to its end."""

    def __init__(self, descriptor, limit):
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.limit = limit
        self.bytes = bytearray()
        self.is_truncated = False
        self.is_open = True

    def take(self):
        """Reads what is there. Returns whether there may be more."""
        try:
            piece = os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            return False
        if not piece:
            self.is_open = False
            return False
        room = self.limit - len(self.bytes)
        self.bytes += piece[:room]
        self.is_truncated = self.is_truncated or len(piece) > room
        return True

    def leave(self):
        """What the command left running in the background may go on writing, to nobody."""
        # As much as the pipe holds; in the background somebody may write without end.
        for _ in range(2):
            self.take()
        if self.is_open and os.fork() == 0:
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
        os.close(self.descriptor)


# In seconds: how often the clock is looked at, so that a gap in it is noticed.
TICK = 1


def supervise(child, outputs, deadline):
    """Reads the outputs until the child has ended. Returns whether its time was up, and its status."""
    ended = os.pidfd_open(child)
    poll = select.poll()
    for descriptor in (ended, 0, *(output.descriptor for output in outputs)):
        poll.register(descriptor, select.POLLIN)
    by_descriptor = {output.descriptor: output for output in outputs}
    timed_out = False
    while True:
        asked = time.monotonic()
        wait = min(max(deadline - asked, 0), TICK)
        events = poll.poll(wait * 1000 if not timed_out else None)
        late = time.monotonic() - asked - wait
        if late > TICK and not timed_out:
            deadline += late  # The box was frozen, to be copied. That is not the command's time.
        for descriptor, _ in events:
            if descriptor in by_descriptor:
                by_descriptor[descriptor].take()
                if not by_descriptor[descriptor].is_open:
                    poll.unregister(descriptor)
            elif descriptor == 0:
                # Nobody waits for the answer any more.
                os.killpg(child, signal.SIGKILL)
                os._exit(1)
        if any(descriptor == ended for descriptor, _ in events):
            return timed_out, os.waitpid(child, 0)[1]
        if not timed_out and time.monotonic() >= deadline:
            timed_out = True
            os.killpg(child, signal.SIGKILL)


OPERATIONS = {"read": read, "write": write, "apply": apply, "run": run}


def operation(name):
    """What does that, with the rights that it needs: starting programs is the box's root's, everything else its user's."""
    if name.startswith("job-"):
        # Not on the path, because nobody but root shall say where this process's code comes from.
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        sys.modules["guest"] = sys.modules["__main__"]
        import jobs  # Only where it is needed: reading it takes time.

        return jobs.OPERATIONS[name]
    if name != "run":
        become_user()
    return OPERATIONS[name]


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        request = json.loads(b"".join(receive(int(b"".join(receive(8)), 16))))
        operation(request["operation"])(request)
    except Refusal as refused:
        answer({"error": refused.code, "message": refused.message})
    except BlockingIOError:
        # Of what is done here, only fork(2) fails so.
        sys.exit("fork: Resource temporarily unavailable")
    except EOFError:
        sys.exit("the request is not whole")


main()
