"""Runs all checks against a boxd, then verifies that every method and helper of the SDK was used.

The environment: BOX_BASE_URL, BOXD_DATABASE, SDK_LOGIN, SDK_KEY, and SDK_KEY_boxes, SDK_KEY_per_minute and
SDK_KEY_per_day, keys of accounts with that limit at 1. The account has the repositories first-LOGIN and second-LOGIN.
"""

import inspect
import sys
import traceback

import ascii_box_sdk
from ascii_box_sdk.api.box_api import BoxApi

import access
import account
import boxes
import environment
import files
import limits
import prompts
from harness import ROOT, Fixture, shows


def operations():
    """The operation ids of the SDK's methods: create_api_key is createApiKey."""
    names = [name.removesuffix("_with_http_info") for name, _ in inspect.getmembers(BoxApi) if name.endswith("_with_http_info")]
    for name in names:
        first, *others = name.split("_")
        yield first + "".join(word.capitalize() for word in others)


def everything_was_called(fixture):
    missing = {operation for operation in operations() if not any(s < 300 for s in fixture.contract.seen.get(operation, ()))}
    # This can't succeed yet: boxes have no desktops.
    shows("every method of BoxApi succeeded at least once", missing - {"desktop"}, set())
    shows("the other one was refused as documented", {"desktop"} - set(fixture.contract.seen), set())
    shows("every helper was called", fixture.helpers.names - fixture.helpers.called, set())


def tell(error):
    """Prints an error and where in these files it occurred. The SDK's own frames are left out."""
    for frame in traceback.extract_tb(error.__traceback__):
        if str(ROOT) in frame.filename:
            print(f"      {frame.filename.removeprefix(str(ROOT))}:{frame.lineno}: {frame.line}")
    print(f"FAIL  {type(error).__name__}: {error}"[:2000], flush=True)


def main():
    print(f"ascii-box-sdk {ascii_box_sdk.__version__}")
    fixture, broken = Fixture(), []
    for module in (account, environment, boxes, files, prompts, access, limits):
        for theme in module.THEMES:
            print(f"--    {theme.__name__}", flush=True)
            try:
                theme(fixture)
            except Exception as error:  # Whatever it is, the other themes run too.
                tell(error)
                broken.append(f"{theme.__name__}: {type(error).__name__}: {error}"[:500])
    if broken:
        sys.exit("failed: " + "\nfailed: ".join(broken))
    everything_was_called(fixture)


if __name__ == "__main__":
    main()
