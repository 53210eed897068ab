"""Jobs: programs that run in the box on their own, as its user.

A job outlives whoever started it: a supervisor, which is the box's root, has it for a child, keeps what it says, and tells it from
its beginning to everyone who follows it, until it is told to forget it. Nothing of it is ever written to a disk.

What followers get are records, a line each, named by their first byte:

    o   a line of the job's standard output
    c   a commit that was made in a repository below the job's folder, as JSON
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
import subprocess
import sys
import time

import guest

FOLDER = "/run/jobs"
# In bytes: of everything that a job says, of one line of it, and of its standard error's end.
LONGEST_OUTPUT = 128 << 20
LONGEST_LINE = 8 << 20
ERROR_TAIL = 4000
# In seconds: between asking a job to end and ending it, and for what it has said until its end.
GRACE = 0.3
DRAIN = 0.3
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None)


def path_of(job):
    if not job or not all(character.isalnum() or character == "-" for character in job):
        raise guest.Refusal("no_such_job", "a job's name has letters, digits and dashes")
    return f"{FOLDER}/{job}"


# What boxd asks for


def start(request):
    """Starts a job, unless one of that name was started before. Answers when it can be followed."""
    arguments = request["arguments"]
    standard_input = b"".join(guest.receive(request["input"]))
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
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
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            Supervisor(listener, path, request).run(arguments, standard_input)
        finally:
            # Whatever happened to the supervisor, nothing goes on without one.
            kill_descendants(None)
            os._exit(1)
    guest.answer({"started": True})


def end_others(job):
    """Ends what other jobs left, and gives their supervisors up: a box does one job at a time.

    That of the job itself stays: whoever started it may have died before it could note that, and it must not be done again. So does
    the one whose name the job's own begins with, because it takes that one's place.
    """
    for name in os.listdir(FOLDER):
        if job == name or job.startswith(f"{name}-"):
            continue
        try:
            wait_for_end(connect(name, b"stop\n"))
            connect(name, b"forget\n").close()
        except (guest.Refusal, OSError):
            os.unlink(f"{FOLDER}/{name}")


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
        self.repositories = Repositories(self.folder)
        self.heard = time.monotonic()
        while True:
            for descriptor, _ in self.poll.poll(self.pause()):
                if descriptor == self.listener.fileno():
                    self.admit()
                elif descriptor in self.followers:
                    self.serve(self.followers[descriptor])
                elif descriptor in self.lines:
                    self.take(descriptor)
                elif descriptor == self.ended:
                    self.end()
            self.watch()
            self.tell()

    # The job itself

    def begin(self, arguments, standard_input):
        self.folder = folder_of(self.request)
        stored = os.memfd_create("input", os.MFD_CLOEXEC)
        with open(stored, "wb", closefd=False) as file:
            file.write(standard_input)
        os.lseek(stored, 0, os.SEEK_SET)
        pipes = [os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)]
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
                os.chdir(self.folder)
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
        if self.reason is None and self.outcome is None:
            self.reason = reason
            self.deadline = time.monotonic() + GRACE
            os.kill(self.child, signal.SIGTERM)

    def end(self):
        """The job has ended: with what it left running where it was stopped, else that may go on."""
        self.poll.unregister(self.ended)
        self.ended = None
        if self.reason:
            kill_descendants(self.child)
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
        _, status = os.waitpid(self.child, 0)
        self.look_for_commits(is_last=True)
        self.outcome = {
            "exitCode": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            "signal": signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None,
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
            moments = [self.deadline]
        elif self.reason is not None:
            return 1000
        else:
            moments = [self.heard + self.silence, self.repositories.next_look]
        return max(0, min(moments) - time.monotonic()) * 1000 + 1

    def watch(self):
        if self.outcome is not None:
            return
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            kill_descendants(self.child)
        if now - self.heard >= self.silence:
            self.stop("silent")
        if now >= self.repositories.next_look and self.reason is None:
            self.look_for_commits()
        reap(self.child)

    def look_for_commits(self, is_last=False):
        for kind, commit in self.repositories.look(is_last):
            self.record(kind, json.dumps(commit).encode())

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


def folder_of(request):
    """The first of the wished folders that is there, else the home folder."""
    for wish in request.get("folders", []):
        try:
            path = guest.resolve(wish)
        except guest.Refusal:
            continue
        if os.path.isdir(path):
            return path
    return guest.HOME


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def children_of(process):
    children = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
                children += [int(child) for child in file.read().split()]
    except OSError:
        pass  # It has ended meanwhile.
    return children


def kill_descendants(spared):
    """Ends everything that the job started. Whoever loses its parent becomes this process's child, so that nobody gets away.

    `spared` is the job's own first process, which is left for the end of the job to be noticed by.
    """
    for _ in range(200):
        left = [os.getpid()]
        found = []
        while left:
            below = children_of(left.pop())
            found += below
            left += below
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        reap(spared)
        if all(process == spared for process in found):
            return
        time.sleep(0.002)


def reap(spared):
    """Takes leave of ended children that other programs left to this one."""
    for child in children_of(os.getpid()):
        if child != spared:
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


class Repositories:
    """The git repositories below a folder, and the commits that are made in them from now on.

    Git notes whatever moves HEAD in a file, with the reason; looking whether that file has grown costs next to nothing.
    """

    # In seconds.
    LOOK = 0.5
    SEARCH = 3
    # How deep repositories are looked for, and in how many folders.
    DEPTH = 3
    MOST_FOLDERS = 3000
    # Of one look, and of the whole job: an agent that rewrites a history isn't told of commit by commit.
    MOST_COMMITS = 50
    MOST_COMMITS_EVER = 500
    # The reasons that stand for a new commit.
    MADE = (b"commit", b"cherry-pick", b"revert", b"merge", b"rebase")
    HASH = re.compile(rb"[0-9a-f]{40}([0-9a-f]{24})?")

    def __init__(self, folder):
        self.folder = folder
        self.logs = {}
        self.unpushed = {}
        self.told = set()
        self.next_search = 0
        self.search(is_first=True)
        self.next_look = time.monotonic() + self.LOOK

    def search(self, is_first=False):
        """Finds repositories. Of those that are there already, what was done before doesn't count."""
        began = time.monotonic()
        left = [(self.folder, 0)]
        seen = 0
        while left and seen < self.MOST_FOLDERS:
            folder, depth = left.pop(0)
            seen += 1
            if os.path.isdir(f"{folder}/.git") and folder not in self.logs:
                self.logs[folder] = self.size(folder) if is_first else 0
            if depth == self.DEPTH:
                continue
            try:
                with os.scandir(folder) as entries:
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
        for folder, known in self.logs.items():
            size = self.size(folder)
            if size == known:
                continue
            self.logs[folder] = size
            made = [commit for commit in self.made(folder, known if size > known else 0) if commit not in self.told]
            made = made[-self.MOST_COMMITS:][:self.MOST_COMMITS_EVER - len(self.told)]
            self.told.update(made)
            for facts in self.facts(folder, made):
                news.append((b"c", facts))
                if not facts["pushed"]:
                    self.unpushed.setdefault(folder, []).append(facts["commitSha"])
        if is_last:
            for folder, commits in self.unpushed.items():
                news += [(b"p", {"commitSha": commit}) for commit in self.pushed(folder, commits)]
        self.next_look = time.monotonic() + self.LOOK
        return news

    @staticmethod
    def size(folder):
        try:
            return os.stat(f"{folder}/.git/logs/HEAD").st_size
        except OSError:
            return 0

    def made(self, folder, start):
        """The commits that the log tells of from an offset on."""
        try:
            descriptor = os.open(f"{folder}/.git/logs/HEAD", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
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

    def facts(self, folder, commits):
        """The commits as events show them, without those that aren't there any more."""
        commits = [commit for commit in commits if git(folder, "cat-file", "-e", commit) is not None]
        if not commits:
            return
        log = git(
            folder, "log", "--no-walk=unsorted", "--root", "--first-parent", "-m", "--numstat", "--no-ext-diff", "--no-textconv",
            "--no-show-signature", "--format=%x1e%H%x1f%B%x1f", *commits) or ""
        pushed = self.pushed(folder, commits)
        branch = (git(folder, "rev-parse", "--abbrev-ref", "HEAD") or "HEAD").strip()
        remote = (git(folder, "config", "--get", "remote.origin.url") or "").strip()
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
    def pushed(folder, commits):
        """Those that a remote has. Git notes what a push brought there, when the remote has taken it."""
        if not git(folder, "for-each-ref", "--count=1", "refs/remotes"):
            return []
        missing = git(folder, "rev-list", "--max-count=10000", *commits, "--not", "--remotes")
        return [] if missing is None else [commit for commit in commits if commit not in set(missing.split())]


def git(folder, *arguments):
    """What git says, as the box's user; None when it fails or takes too long."""
    try:
        ended = subprocess.run(
            ["/usr/bin/git", "--no-optional-locks", "-C", folder, *arguments],
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
