"""What the tests share: a box in a temporary directory, and calls of the program for it."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from boxguest.context import Box
from tests.program import account

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "program.py")
# As root the tests change the user as in a box. Without root nothing can, and all is done as the user who runs them.
IS_ROOT = os.getuid() == 0
USER = "nobody" if IS_ROOT else ""
# In seconds: for what takes a moment.
TIMEOUT = 20


def frame(request, payload=b""):
    text = json.dumps(request).encode()
    return b"%08x" % len(text) + text + payload


class Call:
    """One process of the program. Its input stays open until the end of the test, as boxd keeps it open."""

    def __init__(self, test, data):
        settings = {
            "account": USER,
            "box": {"home": test.home, "temporary": test.temporary, "jobs": test.jobs, "git": test.git},
            "constants": test.constants,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-ISB", PROGRAM, json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
        )  # fmt: skip
        test.addCleanup(self.close)
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def header(self):
        text = self.process.stdout.read(8)
        if len(text) < 8:
            raise EOFError(self.process.stderr.read().decode())
        return json.loads(self.process.stdout.read(int(text, 16)))

    def finish(self):
        """The exit status, and what was printed on standard output and standard error and not read yet."""
        output, errors = self.process.stdout.read(), self.process.stderr.read()
        return self.process.wait(TIMEOUT), output, errors.decode()

    def leave(self):
        """The caller goes."""
        self.process.stdin.close()

    def close(self):
        self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.process.stderr):
            if not file.closed:
                file.close()


class BoxTest(unittest.TestCase):
    """A test with a box: a home directory and a temporary one, which belong to the box's user."""

    constants = {}
    git = "/usr/bin/git"

    def setUp(self):
        # Short, because of the sockets below it: see unix(7).
        self.directory = os.path.realpath(tempfile.mkdtemp(prefix="boxguest-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)
        self.home, self.temporary, self.jobs = (f"{self.directory}/{name}" for name in ("home", "tmp", "jobs"))
        for path in (self.home, self.temporary):
            os.mkdir(path)
            self.own(path)
        self.box = Box(account(USER), self.home, self.temporary, self.jobs, self.git)

    def own(self, path):
        """Gives a file to the box's user."""
        if IS_ROOT:
            entry = pwd.getpwnam(USER)
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)

    def put(self, path, data=b"", mode=0o644):
        """Writes a file of the box's user, below the home directory. Returns its path."""
        path = os.path.join(self.home, path)
        for parent in reversed(range(path.count("/"))):
            directory = path.rsplit("/", parent + 1)[0]
            if directory and not os.path.isdir(directory):
                os.mkdir(directory)
                self.own(directory)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        self.own(path)
        return path

    def link(self, target, path):
        path = os.path.join(self.home, path)
        os.symlink(target, path)
        self.own(path)
        return path

    def get(self, path):
        with open(os.path.join(self.home, path), "rb") as file:
            return file.read()

    def start(self, request, payload=b""):
        return Call(self, frame(request, payload))

    def call(self, request, payload=b""):
        """The answer, and the bytes that follow it."""
        call = self.start(request, payload)
        header = call.header()
        status, output, errors = call.finish()
        self.assertEqual((status, errors), (0, ""))
        return header, output

    def refused(self, request, payload=b""):
        header, output = self.call(request, payload)
        self.assertEqual(output, b"")
        self.assertIn("error", header)
        return header["error"], header["message"]

    def wait_until(self, condition, message="it takes too long"):
        deadline = time.monotonic() + TIMEOUT
        while not (value := condition()):
            if time.monotonic() > deadline:
                self.fail(message)
            time.sleep(0.02)
        return value


class JobTest(BoxTest):
    """A test with jobs."""

    def setUp(self):
        super().setUp()
        # Before the directory goes, because the sockets are the way to the supervisors.
        self.addCleanup(self.end_jobs)

    def end_jobs(self):
        for name in os.listdir(self.jobs) if os.path.isdir(self.jobs) else []:
            supervisor = supervisor_of(f"{self.jobs}/{name}")
            if supervisor:
                for process in [*below(supervisor), supervisor]:
                    kill(process)

    def start_job(self, script, name="job", **fields):
        payload = fields.pop("payload", b"")
        request = {
            "operation": "job-start", "id": name, "arguments": [script], "environment": {}, "input": len(payload), "silence": 60,
        }  # fmt: skip
        return self.call({**request, **fields}, payload)[0]

    def follow(self, name="job"):
        call = self.start({"operation": "job-follow", "id": name})
        self.assertEqual(call.header(), {})
        return call

    def records(self, name="job"):
        """All records of a job, when it has ended: of each the kind and the text."""
        status, output, errors = self.follow(name).finish()
        self.assertEqual((status, errors), (0, ""))
        return [(line[:1], line[1:]) for line in output.splitlines()]

    def run_job(self, script, **fields):
        """The lines of a new job, and its outcome."""
        self.assertEqual(self.start_job(script, **fields), {"started": True})
        *records, (kind, outcome) = self.records(fields.get("name", "job"))
        self.assertEqual(kind, b"e")
        return [text for kind, text in records if kind == b"o"], json.loads(outcome)


def supervisor_of(path):
    """The process that listens there. None when nothing does."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError:
            return None
        return int.from_bytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)


def below(process):
    found = []
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
            children = [int(child) for child in file.read().split()]
    except OSError:
        return []
    for child in children:
        found += [child, *below(child)]
    return found


def kill(process):
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


def is_alive(process):
    """Not so for one that has ended, reaped or not."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def running(text):
    """The processes, without zombies, whose command line has that text."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if name.isdigit() and int(name) != os.getpid() and text.encode() in file.read():
                    found.append(int(name))
        except OSError:
            continue
    return found
