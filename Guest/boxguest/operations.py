"""The start of every request: finds the operation and gives it the rights that it needs.

Each operation's modules are loaded here, and only those: every request is a new process, and no bytecode is kept. Nothing is
loaded later, because a supervisor may live longer than this version of the program.
"""

import signal
import sys

from boxguest.context import Account, Box, Context
from boxguest.protocol import Channel, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxguest.requests import Operation


def operation(name: str, context: Context) -> "Operation":
    """Root of the box starts programs; everything else is done as the box's user."""
    if name == "run":
        from boxguest import commands

        return commands.run
    if name == "job-start":
        from boxguest import job_start

        return job_start.start
    if name.startswith("job-"):
        from boxguest import jobs

        return {"job-follow": jobs.follow, "job-stop": jobs.stop, "job-forget": jobs.forget}[name]
    from boxguest import files

    context.box.account.become()
    return {"read": files.read, "write": files.write, "apply": files.apply}[name]


def main(context: Context | None = None) -> None:
    """Meets one request. Exits with status 1, and a message on standard error, when there is no answer."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    context = context or Context(Box(Account("user")), Channel())
    try:
        request = context.channel.receive_request()
        operation(request["operation"], context)(request, context)
    except Refusal as refused:
        context.channel.answer({"error": refused.code, "message": refused.message})
    except BlockingIOError:
        # Of what is done here, only fork(2) fails so.
        sys.exit("fork: Resource temporarily unavailable")
    except EOFError:
        sys.exit("the request is not whole")
