"""Starts the program for a test: program.py SETTINGS, a JSON object. Not `main` of the box, because a test's box is elsewhere."""

import importlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from boxguest.context import Account, Box, Context
from boxguest.operations import main
from boxguest.protocol import Channel


class OwnAccount(Account):
    """The user who runs the tests. Becoming another one needs root."""

    def ids(self):
        return os.getuid(), os.getgid()

    def become(self):
        os.umask(0o022)

    def for_subprocess(self):
        return None, None, None


def account(name):
    return Account(name) if name else OwnAccount("")


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    # Such as {"supervisor.GRACE": 1}: other limits than those of a box.
    for path, value in settings.get("constants", {}).items():
        module, _, constant = path.partition(".")
        setattr(importlib.import_module(f"boxguest.{module}"), constant, value)
    main(Context(Box(account(settings["account"]), **settings["box"]), Channel()))
