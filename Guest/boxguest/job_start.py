"""The start of a job: ends other jobs, and starts the supervisor."""

import os
import signal
import socket
import struct

from boxguest.jobs import FORGET, STOP, connect, socket_path, wait_for_end
from boxguest.processes import kill_descendants
from boxguest.protocol import Refusal
from boxguest.supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box, Context
    from boxguest.requests import StartRequest


def start(request: "StartRequest", context: "Context") -> None:
    """Starts a job, unless one of that name was started before. Answers when it can be followed."""
    standard_input = context.channel.receive_all(request["input"])
    os.makedirs(context.box.jobs, mode=0o700, exist_ok=True)
    end_others(context.box, request["id"])
    path = socket_path(context.box, request["id"])
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(path)
    except OSError:
        context.channel.answer({"started": False})
        return
    listener.listen(8)
    if os.fork() == 0:
        try:
            os.setsid()
            # Again, so that SO_PEERCRED names this process to those who connect: see unix(7).
            listener.listen(8)
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            Supervisor(listener, path, request, context.box).run(standard_input)
        finally:
            # Nothing of a job goes on without its supervisor.
            kill_descendants(os.getpid())
            os._exit(1)
    context.channel.answer({"started": True})


def end_others(box: "Box", job: str) -> None:
    """Ends other jobs and their supervisors: a box has one job at a time.

    That of the job itself stays: its caller may have died before it could record the start, and the job must not be done twice. So
    does the one whose name the job's own begins with, because the job takes its place.
    """
    for name in os.listdir(box.jobs):
        if job == name or job.startswith(f"{name}-"):
            continue
        connection = None
        try:
            connection = connect(box, name, STOP)
            wait_for_end(connection)
            connect(box, name, FORGET).close()
        except (Refusal, OSError):
            # It has ended, or doesn't answer. An old agent must not go on beside a new one.
            if connection is not None:
                end_supervisor(connection)
            os.unlink(f"{box.jobs}/{name}")


def end_supervisor(connection: socket.socket) -> None:
    """Kills a supervisor that doesn't answer, with everything below it."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    supervisor = struct.unpack("3i", credentials)[0]
    kill_descendants(supervisor)
    try:
        os.kill(supervisor, signal.SIGKILL)
    except ProcessLookupError:
        pass
