"""The supervisor of a job: a process of the box's root that has the job for a child.

It is the subreaper for everything that the job starts, so that all of it can be ended. It is one loop around poll(2), and never
waits for git: that is the observer's work.
"""

import json
import os
import select
import signal
import socket
import time

from boxguest.followers import Followers
from boxguest.git import Git
from boxguest.job import Job
from boxguest.jobs import FORGET, STOP
from boxguest.launch import TICK, signal_name
from boxguest.observer import Observer
from boxguest.processes import become_subreaper, kill_descendants, memory_kills, reap
from boxguest.records import Records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box
    from boxguest.requests import Outcome, StartRequest

# In seconds: between asking a job to end and killing it.
GRACE = 0.3
# In seconds: for the last commits of a job that has ended, and of one that was stopped.
LAST_LOOK = 10
LAST_LOOK_OF_STOPPED = 2


class Supervisor:
    """Passes through these states: the job runs; it has ended and the observer looks for its last commits; all is recorded."""

    job: Job

    def __init__(self, listener: socket.socket, path: str, request: "StartRequest", box: "Box") -> None:
        self.path = path
        self.request = request
        self.box = box
        secrets = [request.get("environment", {})[name].encode() for name in request.get("secrets", [])]
        self.records = Records(secrets, request.get("redaction", "").encode())
        self.poll = select.poll()
        self.listener = listener
        self.followers = Followers(listener, self.poll, self.records)
        # Why the job is ended, if it is: "stopped", "silent" or "too much output".
        self.reason: str | None = None
        # When the job is killed, or after its end the observer.
        self.deadline: float | None = None
        # None after its last look.
        self.observer: Observer | None = None
        # Whether the last record is there.
        self.is_over = False

    def run(self, standard_input: bytes) -> None:
        """Goes on until it is told to forget the job, after its end. Then the process exits."""
        # A follower that disconnects is no reason to end.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        become_subreaper()
        self.killed_before = memory_kills()
        self.job = Job(self.request, self.box, standard_input, self.records, self.poll)
        unwanted = [self.listener.fileno(), self.job.output, self.job.error, self.job.ended]
        self.observer = Observer(self.job.directory, Git(self.box), unwanted)
        self.poll.register(self.observer.found, select.POLLIN)
        self.job.heard = time.monotonic()
        while True:
            asked, wait = time.monotonic(), self.wait()
            events = self.poll.poll(wait)
            late = 0 if wait is None else time.monotonic() - asked - wait / 1000
            if late > TICK:
                self.allow_for(late)
            for descriptor, _ in events:
                self.handle(descriptor)
            self.check_time()
            self.followers.send(self.is_over)

    def handle(self, descriptor: int) -> None:
        if descriptor == self.listener.fileno():
            self.followers.accept()
        elif descriptor in self.followers:
            line = self.followers.read(descriptor)
            if line == STOP:
                self.stop("stopped")
            elif line == FORGET and self.is_over:
                os.unlink(self.path)
                os._exit(0)
        elif descriptor in self.job.open:
            self.job.read(descriptor)
            if self.job.printed_too_much:
                self.stop("too much output")
        elif self.job.status is None and descriptor == self.job.ended:
            self.end()
        elif self.observer is not None and descriptor == self.observer.found and not self.observer.read(self.records):
            self.finish()

    # The end

    def stop(self, reason: str) -> None:
        """Asks the job to end; after GRACE it is killed."""
        if self.reason is None and self.job.status is None:
            self.reason = reason
            self.deadline = time.monotonic() + GRACE
            self.job.interrupt()
        elif self.job.status is not None and self.deadline is not None:
            self.deadline = min(self.deadline, time.monotonic() + LAST_LOOK_OF_STOPPED)

    def end(self) -> None:
        """The job has ended. What it left in the background goes on, unless the job was stopped."""
        if self.reason:
            kill_descendants(os.getpid(), *self.spared())
        self.job.finish()
        if self.job.printed_too_much and self.reason is None:
            self.reason = "too much output"
        if self.observer is None:
            self.finish()
            return
        self.deadline = time.monotonic() + (LAST_LOOK_OF_STOPPED if self.reason else LAST_LOOK)
        self.observer.finish()

    def finish(self) -> None:
        """The observer has ended. When the job has too, its outcome is recorded, and nothing comes after that."""
        if self.observer is not None:
            self.poll.unregister(self.observer.found)
            self.observer.close()
            self.observer = None
        status = self.job.status
        if status is None:
            return
        self.deadline = None
        outcome: Outcome = {
            "exitCode": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            "signal": signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None,
            "reason": self.reason,
            "outOfMemory": memory_kills() > self.killed_before,
            "stderr": self.job.errors.decode(errors="replace"),
        }
        self.records.append(b"e", json.dumps(outcome).encode())
        self.is_over = True

    # Time

    def wait(self) -> float | None:
        """How long to wait for an event, in milliseconds. After the last record there is nothing else to wait for."""
        if self.is_over:
            return None
        if self.deadline is not None:
            moment = self.deadline
        elif self.reason is not None:
            return 1000
        else:
            moment = self.job.heard + self.request["silence"]
        # At least once a second, to reap children that other programs left.
        return min(max(0, moment - time.monotonic()), 1) * 1000 + 1

    def allow_for(self, seconds: float) -> None:
        """The box was frozen so long, to be copied. That counts for no limit."""
        self.job.heard += seconds
        if self.deadline is not None:
            self.deadline += seconds

    def check_time(self) -> None:
        if self.is_over:
            return
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            if self.job.status is None:
                kill_descendants(os.getpid(), *self.spared())
            elif self.observer is not None:
                # Not even for the end of a git that the kernel can't kill yet.
                self.observer.kill(self.records)
                self.finish()
        if self.job.status is None and now - self.job.heard >= self.request["silence"]:
            self.stop("silent")
        reap(set(self.spared()))

    def spared(self) -> tuple[int | None, int | None]:
        """The children whose ends are noticed in another way: the job's first process, and the observer."""
        return (
            self.job.process if self.job.status is None else None,
            self.observer.process if self.observer is not None else None,
        )
