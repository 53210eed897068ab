"""Jobs: programs that run in the box on their own, as its user.

A job outlives whoever started it: a supervisor, which is the box's root, has it for a child, keeps what it says, and tells it from
its beginning to everyone who follows it, until it is told to forget it. Nothing of it is ever written to a disk.

What followers get are records, a line each, named by their first byte:

    o   a line of the job's standard output
    c   a commit that was made in a repository below the job's directory, as JSON
    p   such a commit that its remote has got since, as JSON: {"commitSha"}
    e   how the job ended, as JSON; the last one
"""

import ctypes
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

import guest

DIRECTORY = "/run/jobs"
# In bytes: of everything that a job says, of one line of it, and of its standard error's end.
LONGEST_OUTPUT = 128 << 20
LONGEST_LINE = 8 << 20
ERROR_TAIL = 4000
# In seconds: between asking a job to end and ending it, and for what it has said until its end.
GRACE = 0.3
DRAIN = 0.3
# In seconds: for git to find the last commits of a job that has ended, and of one that was ended.
LAST_LOOK = 10
LAST_LOOK_OF_STOPPED = 2
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None)


def path_of(job):
    if not job or not all(character.isalnum() or character == "-" for character in job):
        raise guest.Refusal("no_such_job", "a job's name has letters, digits and dashes")
    return f"{DIRECTORY}/{job}"


# What boxd asks for


def start(request):
    """Starts a job, unless one of that name was started before. Answers when it can be followed."""
    arguments = request["arguments"]
    standard_input = b"".join(guest.receive(request["input"]))
    os.makedirs(DIRECTORY, mode=0o700, exist_ok=True)
    end_others(request["id"])
    path = path_of(request["id"])
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(path)
    except OSError:
        return guest.answer({"started": False})
    listener.listen(8)
    if os.fork() == 0:
        try:
            os.setsid()
            # Again, so that whoever connects finds this process by its socket: see unix(7), SO_PEERCRED.
            listener.listen(8)
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            Supervisor(listener, path, request).run(arguments, standard_input)
        finally:
            # Whatever happened to the supervisor, nothing goes on without one.
            kill_descendants(os.getpid())
            os._exit(1)
    guest.answer({"started": True})


def end_others(job):
    """Ends what other jobs left, and gives their supervisors up: a box does one job at a time.

    That of the job itself stays: whoever started it may have died before it could note that, and it must not be done again. So does
    the one whose name the job's own begins with, because it takes that one's place.
    """
    for name in os.listdir(DIRECTORY):
        if job == name or job.startswith(f"{name}-"):
            continue
        connection = None
        try:
            connection = connect(name, b"stop\n")
            wait_for_end(connection)
            connect(name, b"forget\n").close()
        except (guest.Refusal, OSError):
            # It is gone, or does not answer. An old agent must not go on beside a new one.
            if connection is not None:
                end_supervisor(connection)
            os.unlink(f"{DIRECTORY}/{name}")


def end_supervisor(connection):
    """Ends a supervisor that does not do as it is told, with everything below it."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    supervisor = struct.unpack("3i", credentials)[0]
    kill_descendants(supervisor)
    try:
        os.kill(supervisor, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_for_end(connection):
    """A supervisor takes leave of those who asked it to end the job when that is done."""
    connection.settimeout(5)
    while connection.recv(guest.CHUNK):
        pass


def connect(job, wish):
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path_of(job))
    except OSError as error:
        raise guest.Refusal("no_such_job", "there is no such job") from error
    connection.sendall(wish)
    return connection


def follow(request):
    """Answers, and goes on with all records of the job, as they come. Ends when the job has, or when nobody waits any more."""
    connection = connect(request["id"], b"follow\n")
    guest.answer({})
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(connection, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == 0:
                return
            piece = connection.recv(guest.CHUNK)
            if not piece:
                return
            guest.send([piece])


def stop(request):
    """Ends the job with everything that it started. Answers when that is done."""
    wait_for_end(connect(request["id"], b"stop\n"))
    guest.answer({})


def forget(request):
    connect(request["id"], b"forget\n").close()
    guest.answer({})


OPERATIONS = {"job-start": start, "job-follow": follow, "job-stop": stop, "job-forget": forget}


# The supervisor


class Follower:
    """One that is told of the job: how much it has been sent, and what it asked for."""

    def __init__(self, connection):
        connection.setblocking(False)
        self.connection = connection
        self.sent = None
        self.wish = b""


class Supervisor:
    def __init__(self, listener, path, request):
        self.listener = listener
        self.path = path
        self.silence = request["silence"]
        self.request = request
        self.secrets = [request["environment"][name].encode() for name in request.get("secrets", [])]
        self.redaction = request.get("redaction", "").encode()
        self.records = bytearray()
        self.followers = {}
        self.outcome = None
        # Why the job is being ended, where it is: "stopped", "silent" or "too much output".
        self.reason = None
        self.deadline = None
        # The child that looks for commits, until it has looked for the last time.
        self.observer = None
        self.status = None
        self.poll = select.poll()
        self.poll.register(listener, select.POLLIN)
        self.lines = {}
        self.line = bytearray()
        self.errors = b""

    def run(self, arguments, standard_input):
        # A follower that goes is no reason to end.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.killed_before = memory_kills()
        self.begin(arguments, standard_input)
        self.observer = Observer(self.directory, [self.listener.fileno(), self.output, self.error, self.ended])
        self.poll.register(self.observer.news, select.POLLIN)
        self.heard = time.monotonic()
        while True:
            asked, pause = time.monotonic(), self.pause()
            events = self.poll.poll(pause)
            late = 0 if pause is None else time.monotonic() - asked - pause / 1000
            if late > guest.TICK:
                self.allow_for(late)
            for descriptor, _ in events:
                if descriptor == self.listener.fileno():
                    self.admit()
                elif descriptor in self.followers:
                    self.serve(self.followers[descriptor])
                elif descriptor in self.lines:
                    self.take(descriptor)
                elif descriptor == self.ended:
                    self.end()
                elif self.observer is not None and descriptor == self.observer.news:
                    self.take_commits()
            self.watch()
            self.tell()

    # The job itself

    def begin(self, arguments, standard_input):
        self.directory = directory_of(self.request)
        stored = os.memfd_create("input", os.MFD_CLOEXEC)
        with open(stored, "wb", closefd=False) as file:
            file.write(standard_input)
        os.lseek(stored, 0, os.SEEK_SET)
        pipes = [guest.output_pipe(), guest.output_pipe()]
        self.child = os.fork()
        if self.child == 0:
            try:
                os.setsid()
                # When the box has no memory left, this goes and not the box's own programs.
                with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                    file.write("500")
                os.dup2(stored, 0)
                os.dup2(pipes[0][1], 1)
                os.dup2(pipes[1][1], 2)
                guest.become_user()
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                os.chdir(self.directory)
                for number in (signal.SIGPIPE, signal.SIGXFSZ):
                    signal.signal(number, signal.SIG_DFL)
                os.execve("/bin/bash", ["bash", "-lc", "--", *arguments], guest.environment(self.request))
            finally:
                os._exit(127)
        os.close(stored)
        for read_end, write_end in pipes:
            os.close(write_end)
            os.set_blocking(read_end, False)
            self.poll.register(read_end, select.POLLIN)
        self.output, self.error = pipes[0][0], pipes[1][0]
        self.lines = {self.output: True, self.error: True}
        self.ended = os.pidfd_open(self.child)
        self.poll.register(self.ended, select.POLLIN)

    def take(self, descriptor):
        """Reads what the job said. Returns whether there may be more."""
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
                self.record(b"o", line)
            self.line = bytearray(rest)
        if len(self.line) > LONGEST_LINE or len(self.records) > LONGEST_OUTPUT:
            self.stop("too much output")
        return True

    def close(self, descriptor):
        self.poll.unregister(descriptor)
        del self.lines[descriptor]
        os.close(descriptor)

    def record(self, kind, text):
        for secret in self.secrets:
            text = text.replace(secret, self.redaction)
        self.records += kind + text + b"\n"

    def stop(self, reason):
        """Asks the job to end; soon it has to."""
        if self.reason is None and self.status is None:
            self.reason = reason
            self.deadline = time.monotonic() + GRACE
            os.kill(self.child, signal.SIGTERM)
        elif self.status is not None and self.deadline is not None:
            self.deadline = min(self.deadline, time.monotonic() + LAST_LOOK_OF_STOPPED)

    def end(self):
        """The job has ended: with what it left running where it was stopped, else that may go on."""
        self.poll.unregister(self.ended)
        self.ended = None
        if self.reason:
            kill_descendants(os.getpid(), *self.spared())
        deadline = time.monotonic() + DRAIN
        while self.output in self.lines and len(self.records) <= LONGEST_OUTPUT:
            if not self.take(self.output):
                if time.monotonic() > deadline:
                    break
                select.select([self.output] if self.output in self.lines else [], [], [], 0.02)
        if self.error in self.lines:
            self.take(self.error)
        for descriptor in list(self.lines):
            self.close(descriptor)
        if self.line:
            self.record(b"o", bytes(self.line))
            self.line.clear()
        self.status = os.waitpid(self.child, 0)[1]
        if self.observer is None:
            return self.finish()
        self.deadline = time.monotonic() + (LAST_LOOK_OF_STOPPED if self.reason else LAST_LOOK)
        self.observer.finish()

    def take_commits(self):
        """Takes what the observer has found. Its end is the end of all that there is to say."""
        if self.observer.read(self.record):
            return
        self.poll.unregister(self.observer.news)
        self.observer.close()
        self.observer = None
        if self.status is not None:
            self.finish()

    def finish(self):
        """Tells how the job ended. Nothing comes after that."""
        status = self.status
        self.outcome = {
            "exitCode": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            "signal": guest.signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None,
            "reason": self.reason,
            "outOfMemory": memory_kills() > self.killed_before,
            "stderr": self.errors.decode(errors="replace"),
        }
        self.record(b"e", json.dumps(self.outcome).encode())

    # Time

    def pause(self):
        """Until something has to be done without being told, in milliseconds."""
        if self.outcome is not None:
            return None
        if self.deadline is not None:
            moment = self.deadline
        elif self.reason is not None:
            return 1000
        else:
            moment = self.heard + self.silence
        # Once a second, to take leave of children that other programs left.
        return min(max(0, moment - time.monotonic()), 1) * 1000 + 1

    def allow_for(self, seconds):
        """The box was frozen so long, to be copied. That is nobody's silence."""
        self.heard += seconds
        if self.deadline is not None:
            self.deadline += seconds

    def watch(self):
        if self.outcome is not None:
            return
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            if self.status is None:
                kill_descendants(os.getpid(), *self.spared())
            elif self.observer is not None:
                self.observer.kill()
        if self.status is None and now - self.heard >= self.silence:
            self.stop("silent")
        reap(set(self.spared()))

    def spared(self):
        """The children whose ends are noticed in another way: the job's first process, and the observer."""
        return (
            self.child if self.status is None else None,
            self.observer.process if self.observer is not None else None,
        )

    # Followers

    def admit(self):
        connection, _ = self.listener.accept()
        self.followers[connection.fileno()] = Follower(connection)
        self.poll.register(connection, select.POLLIN)

    def serve(self, follower):
        try:
            piece = follower.connection.recv(64)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        follower.wish += piece
        if follower.wish == b"forget\n":
            if self.outcome is not None:
                os.unlink(self.path)
                os._exit(0)
            self.dismiss(follower)
        elif follower.wish in (b"follow\n", b"stop\n"):
            if follower.wish == b"stop\n":
                self.stop("stopped")
            follower.sent = 0
            follower.wish = b"-"
        elif not piece or len(follower.wish) > 16:
            self.dismiss(follower)

    def dismiss(self, follower):
        self.poll.unregister(follower.connection)
        del self.followers[follower.connection.fileno()]
        follower.connection.close()

    def tell(self):
        """Sends each follower what it hasn't got yet, as far as it takes it now."""
        for follower in list(self.followers.values()):
            if follower.sent is None:
                continue
            try:
                while follower.sent < len(self.records):
                    follower.sent += follower.connection.send(self.records[follower.sent:follower.sent + (1 << 18)])
            except BlockingIOError:
                self.poll.modify(follower.connection, select.POLLIN | select.POLLOUT)
                continue
            except OSError:
                self.dismiss(follower)
                continue
            self.poll.modify(follower.connection, select.POLLIN)
            if self.outcome is not None:
                self.dismiss(follower)


def directory_of(request):
    """The first of the wished directories that is there, else the home directory."""
    for wish in request.get("folders", []):
        try:
            path = guest.resolve(wish)
        except guest.Refusal:
            continue
        if os.path.isdir(path):
            return path
    return guest.HOME


def children_of(process):
    children = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
                children += [int(child) for child in file.read().split()]
    except OSError:
        pass  # It has ended meanwhile.
    return children


def descendants_of(process, spared=None):
    """Everything below a process, but for the spared child and what is below that."""
    found = []
    left = [process]
    while left:
        below = [child for child in children_of(left.pop()) if child != spared]
        found += below
        left += below
    return found


def kill(processes):
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def kill_descendants(supervisor, first=None, observer=None):
    """Ends everything below a supervisor. Whoever loses its parent becomes the supervisor's child, so that nobody gets away.

    `first` is the job's first process, which is left for the end of the job to be noticed by, and `observer` goes on.
    """
    for _ in range(200):
        found = descendants_of(supervisor, observer)
        kill(found)
        if supervisor == os.getpid():
            reap({first, observer})
        if all(process == first for process in found):
            return
        time.sleep(0.002)


def reap(spared):
    """Takes leave of ended children that other programs left to this one."""
    for child in children_of(os.getpid()):
        if child not in spared:
            try:
                os.waitpid(child, os.WNOHANG)
            except ChildProcessError:
                pass


def memory_kills():
    """How often the box was out of memory and lost a process by that."""
    for path in ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"):
        try:
            with open(path, encoding="ascii") as file:
                fields = dict(line.split(maxsplit=1) for line in file)
            return int(fields.get("oom_kill", 0))
        except (OSError, ValueError):
            continue
    return 0


# Commits


class Observer:
    """A child that looks for commits: git can take its time, and the supervisor has none."""

    def __init__(self, directory, unwanted):
        self.news, found = os.pipe2(os.O_CLOEXEC)
        wanted, self.control = os.pipe2(os.O_CLOEXEC)
        self.rest = b""
        self.process = os.fork()
        if self.process == 0:
            try:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                for descriptor in (self.news, self.control, *unwanted):
                    os.close(descriptor)
                self.work(directory, wanted, found)
            finally:
                os._exit(0)
        os.close(found)
        os.close(wanted)
        os.set_blocking(self.news, False)

    @staticmethod
    def work(directory, wanted, found):
        """Looks until the supervisor closes its end, and then once more."""
        repositories = Repositories(directory)
        is_last = False
        while not is_last:
            is_last = bool(select.select([wanted], [], [], max(0, repositories.next_look - time.monotonic()))[0])
            for kind, commit in repositories.look(is_last):
                line = memoryview(kind + json.dumps(commit).encode() + b"\n")
                while line:
                    line = line[os.write(found, line):]

    def finish(self):
        """Asks for the last look."""
        os.close(self.control)
        self.control = None

    def read(self, record):
        """Records what has been found. Returns whether there may be more."""
        try:
            piece = os.read(self.news, 1 << 20)
        except BlockingIOError:
            return True
        *lines, self.rest = (self.rest + piece).split(b"\n")
        for line in lines:
            record(line[:1], line[1:])
        return bool(piece)

    def kill(self):
        """Ends it with the git that it waits for. The end of its pipe is noticed as always."""
        kill([*descendants_of(self.process), self.process])

    def close(self):
        for descriptor in (self.news, self.control):
            if descriptor is not None:
                os.close(descriptor)
        try:
            os.waitpid(self.process, 0)
        except ChildProcessError:
            pass


class Repositories:
    """The git repositories below a directory, and the commits that are made in them from now on.

    Git notes whatever moves HEAD in a file, with the reason; looking whether that file has grown costs next to nothing.
    """

    # In seconds.
    LOOK = 0.5
    SEARCH = 3
    # How deep repositories are looked for, and in how many directories.
    DEPTH = 3
    MOST_DIRECTORIES = 3000
    # Of one look, and of the whole job: an agent that rewrites a history isn't told of commit by commit.
    MOST_COMMITS = 50
    MOST_COMMITS_EVER = 500
    # The reasons that stand for a new commit.
    MADE = (b"commit", b"cherry-pick", b"revert", b"merge", b"rebase")
    HASH = re.compile(rb"[0-9a-f]{40}([0-9a-f]{24})?")

    def __init__(self, directory):
        self.directory = directory
        self.logs = {}
        self.unpushed = {}
        self.told = set()
        self.next_search = 0
        self.search(is_first=True)
        self.next_look = time.monotonic() + self.LOOK

    def search(self, is_first=False):
        """Finds repositories. Of those that are there already, what was done before doesn't count."""
        began = time.monotonic()
        left = [(self.directory, 0)]
        seen = 0
        while left and seen < self.MOST_DIRECTORIES:
            directory, depth = left.pop(0)
            seen += 1
            if os.path.isdir(f"{directory}/.git") and directory not in self.logs:
                self.logs[directory] = self.size(directory) if is_first else 0
            if depth == self.DEPTH:
                continue
            try:
                with os.scandir(directory) as entries:
                    left += [
                        (entry.path, depth + 1)
                        for entry in entries
                        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.name != "node_modules"
                    ]
            except OSError:
                continue
        # A large tree is looked through less often.
        self.next_search = time.monotonic() + max(self.SEARCH, 20 * (time.monotonic() - began))

    def look(self, is_last):
        """What is new: a record's kind and contents each."""
        if is_last or time.monotonic() >= self.next_search:
            self.search()
        news = []
        for directory, known in self.logs.items():
            size = self.size(directory)
            if size == known:
                continue
            self.logs[directory] = size
            made = [commit for commit in self.made(directory, known if size > known else 0) if commit not in self.told]
            made = made[-self.MOST_COMMITS:][:self.MOST_COMMITS_EVER - len(self.told)]
            self.told.update(made)
            for facts in self.facts(directory, made):
                news.append((b"c", facts))
                if not facts["pushed"]:
                    self.unpushed.setdefault(directory, []).append(facts["commitSha"])
        if is_last:
            for directory, commits in self.unpushed.items():
                news += [(b"p", {"commitSha": commit}) for commit in self.pushed(directory, commits)]
        self.next_look = time.monotonic() + self.LOOK
        return news

    @staticmethod
    def size(directory):
        try:
            return os.stat(f"{directory}/.git/logs/HEAD").st_size
        except OSError:
            return 0

    def made(self, directory, start):
        """The commits that the log tells of from an offset on."""
        try:
            descriptor = os.open(f"{directory}/.git/logs/HEAD", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return
        with open(descriptor, "rb") as file:
            file.seek(start)
            for line in file.read(1 << 20).split(b"\n"):
                fields, _, reason = line.partition(b"\t")
                hashes = fields.split(b" ")
                is_made = reason.startswith(self.MADE) and b"Fast-forward" not in reason and b"(start)" not in reason
                if is_made and len(hashes) > 2 and hashes[0] != hashes[1] and self.HASH.fullmatch(hashes[1]):
                    yield hashes[1].decode()

    def facts(self, directory, commits):
        """The commits as events show them, without those that aren't there any more."""
        commits = [commit for commit in commits if git(directory, "cat-file", "-e", commit) is not None]
        if not commits:
            return
        log = git(
            directory, "log", "--no-walk=unsorted", "--root", "--first-parent", "-m", "--numstat", "--no-ext-diff", "--no-textconv",
            "--no-show-signature", "--format=%x1e%H%x1f%B%x1f", *commits) or ""
        pushed = self.pushed(directory, commits)
        branch = (git(directory, "rev-parse", "--abbrev-ref", "HEAD") or "HEAD").strip()
        remote = (git(directory, "config", "--get", "remote.origin.url") or "").strip()
        for entry in log.split("\x1e")[1:]:
            commit, message, changes = (entry.split("\x1f") + ["", ""])[:3]
            counts = [line.split("\t")[:2] for line in changes.splitlines() if line.count("\t") >= 2]
            yield {
                "commitSha": commit,
                "commitMessage": message.strip()[:8000],
                "commitUrl": web_address(remote, commit),
                "branch": branch,
                "filesChanged": len(counts),
                "additions": sum(int(added) for added, _ in counts if added.isdigit()),
                "deletions": sum(int(removed) for _, removed in counts if removed.isdigit()),
                "pushed": commit in pushed,
            }

    @staticmethod
    def pushed(directory, commits):
        """Those that a remote has. Git notes what a push brought there, when the remote has taken it."""
        if not git(directory, "for-each-ref", "--count=1", "refs/remotes"):
            return []
        missing = git(directory, "rev-list", "--max-count=10000", *commits, "--not", "--remotes")
        return [] if missing is None else [commit for commit in commits if commit not in set(missing.split())]


def git(directory, *arguments):
    """What git says, as the box's user; None when it fails or takes too long."""
    try:
        ended = subprocess.run(
            ["/usr/bin/git", "--no-optional-locks", "-C", directory, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=3, check=False,
            user="user", group="user", extra_groups=[],
            env={"HOME": guest.HOME, "PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0", "LANG": "C.UTF-8"},
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return ended.stdout.decode(errors="replace") if ended.returncode == 0 else None


def web_address(remote, commit):
    """Where people see the commit, when its remote is a host with a web page, such as GitHub or GitLab."""
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
