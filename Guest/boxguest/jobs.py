"""Requests about a job, which its supervisor meets.

A job is a program that runs in the box on its own, as the box's user. It outlives its caller. Its supervisor keeps what it prints
in memory, and sends all of it to every follower, until it is told to forget it.
"""

import select
import socket

from boxguest.protocol import CHUNK, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.context import Box, Context
    from boxguest.requests import JobRequest

# What a supervisor is asked for, a line each.
FOLLOW = b"follow\n"
STOP = b"stop\n"
FORGET = b"forget\n"
# In seconds: for a supervisor to end its job, between two records.
END = 5


def socket_path(box: "Box", job: str) -> str:
    if not job or not all(character.isalnum() or character == "-" for character in job):
        raise Refusal("no_such_job", "a job's name has letters, digits and dashes")
    return f"{box.jobs}/{job}"


def connect(box: "Box", job: str, line: bytes) -> socket.socket:
    """A connection to the job's supervisor, to which that line was sent."""
    path = socket_path(box, job)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError as error:
        raise Refusal("no_such_job", "there is no such job") from error
    connection.sendall(line)
    return connection


def wait_for_end(connection: socket.socket) -> None:
    """The supervisor closes the connection when the job has ended."""
    connection.settimeout(END)
    while connection.recv(CHUNK):
        pass


def follow(request: "JobRequest", context: "Context") -> None:
    """Answers, and sends all records of the job as they come. Ends with the job, or when the caller has gone."""
    connection = connect(context.box, request["id"], FOLLOW)
    context.channel.answer({})
    poll = select.poll()
    poll.register(context.channel.source, select.POLLIN)
    poll.register(connection, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == context.channel.source:
                return
            piece = connection.recv(CHUNK)
            if not piece:
                return
            context.channel.send([piece])


def stop(request: "JobRequest", context: "Context") -> None:
    """Ends the job with everything that it started. Answers when that is done."""
    wait_for_end(connect(context.box, request["id"], STOP))
    context.channel.answer({})


def forget(request: "JobRequest", context: "Context") -> None:
    """Ends the supervisor of a job that has ended, and with it the records."""
    connect(context.box, request["id"], FORGET).close()
    context.channel.answer({})
