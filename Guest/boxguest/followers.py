"""The connections to a supervisor."""

import select
import socket

from boxguest.jobs import FOLLOW, FORGET, STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.records import Records

# In bytes: the most that one call of send(2) is given.
PIECE = 1 << 18


class Follower:
    """One connection: what it asked for, and how many bytes of the records it has been sent, if any."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.line = b""
        self.sent: int | None = None


class Followers:
    def __init__(self, listener: socket.socket, poll: "select.poll", records: "Records") -> None:
        self.listener = listener
        self.poll = poll
        self.records = records
        self.by_descriptor: dict[int, Follower] = {}
        poll.register(listener, select.POLLIN)

    def __contains__(self, descriptor: int) -> bool:
        return descriptor in self.by_descriptor

    def accept(self) -> None:
        connection, _ = self.listener.accept()
        self.by_descriptor[connection.fileno()] = Follower(connection)
        self.poll.register(connection, select.POLLIN)

    def read(self, descriptor: int) -> bytes | None:
        """Reads from a connection. Returns the line that it is asked for when that is whole, once.

        A caller of STOP follows the job too, and so sees its end.
        """
        follower = self.by_descriptor[descriptor]
        try:
            piece = follower.connection.recv(64)
        except BlockingIOError:
            return None
        except OSError:
            piece = b""
        follower.line += piece
        line = follower.line
        if line in (FOLLOW, STOP):
            follower.sent = 0
            follower.line = b"-"
            return line
        if line == FORGET or not piece or len(line) > 16:
            self.close(follower)
        return line if line == FORGET else None

    def send(self, is_over: bool) -> None:
        """Sends to each follower what it hasn't got yet, as far as its socket accepts it now.

        When `is_over`, nothing comes after that, and who has all is closed.
        """
        for follower in list(self.by_descriptor.values()):
            if follower.sent is None:
                continue
            try:
                while follower.sent < len(self.records.bytes):
                    follower.sent += follower.connection.send(self.records.bytes[follower.sent : follower.sent + PIECE])
            except BlockingIOError:
                self.poll.modify(follower.connection, select.POLLIN | select.POLLOUT)
                continue
            except OSError:
                self.close(follower)
                continue
            self.poll.modify(follower.connection, select.POLLIN)
            if is_over:
                self.close(follower)

    def close(self, follower: Follower) -> None:
        self.poll.unregister(follower.connection)
        del self.by_descriptor[follower.connection.fileno()]
        follower.connection.close()
