"""Helpers of the Python SDK's checks: clients whose responses are compared with Docs/openapi.yaml, boxes, and assertions."""

import contextlib
import inspect
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import time

from ascii_box_sdk import ApiClient, Configuration, box_helpers
from ascii_box_sdk.api.box_api import BoxApi
from ascii_box_sdk.exceptions import ApiException
from ascii_box_sdk.models.create_box_request import CreateBoxRequest

ROOT = pathlib.Path(__file__).resolve().parents[3]
LIB = ROOT / "Tests/Acceptance/lib"
sys.path.insert(0, str(LIB))

from openapi_contract import Contract  # noqa: E402

QUICK = 0.05
"""Seconds between two questions of a waiter."""

TIMEOUT = 60
"""Seconds that a waiter waits at most."""


def shows(what, got, wanted=True):
    """Checks one value and prints its line."""
    if got != wanted:
        raise AssertionError(f"{what}: expected {wanted!r}, got {got!r}")
    print(f"ok    {what}", flush=True)


def refused(what, status, code, call, *arguments, **options):
    """Checks that a call raises ApiException with that status and code. Returns the error's details."""
    try:
        answer = call(*arguments, **options)
    except ApiException as error:
        body = json.loads(error.body)
        shows(f"{what}: {status} {code}", (error.status, body.get("code")), (status, code))
        return body["error"]["details"]
    raise AssertionError(f"{what}: expected {status} {code}, got {answer!r}")


def every_page(call, items, *arguments, **options):
    """All items of a list, fetched in pages of one."""
    found, cursor = [], None
    while True:
        page = call(*arguments, limit=1, cursor=cursor, **options)
        if len(items(page)) > 1 or page.page_info.limit != 1:
            raise AssertionError(f"a page of one has {page!r}")
        found += items(page)
        cursor = page.page_info.next_cursor
        if page.page_info.has_more != (cursor is not None) or len(found) > 1000:
            raise AssertionError(f"pages without an end, or with a wrong one: {page.page_info!r}")
        if cursor is None:
            return found


class Helpers:
    """The SDK's helper functions. Records which were called."""

    names = {
        name for name, function in inspect.getmembers(box_helpers, inspect.isfunction)
        if function.__module__ == box_helpers.__name__ and not name.startswith("_")
    }

    def __init__(self):
        self.called = set()

    def __getattr__(self, name):
        self.called.add(name)
        return getattr(box_helpers, name)


class Fixture:
    """A boxd, an account of it, and the SDK."""

    def __init__(self):
        self.base = os.environ["BOX_BASE_URL"]
        self.contract = Contract(ROOT / "Docs/openapi.yaml")
        self.helpers = Helpers()
        self.login = os.environ["SDK_LOGIN"]
        self.box = self.client(os.environ["SDK_KEY"])

    def client(self, key):
        """A BoxApi with that key or without one. Every response is compared with the description."""
        configuration = Configuration(host=self.base, access_token=key)
        client = ApiClient(configuration)
        client.rest_client = self.checked(client.rest_client)
        return BoxApi(client)

    def checked(self, client):
        request = client.request

        def checked_request(method, url, *arguments, **options):
            answer = request(method, url, *arguments, **options)
            answer.read()
            self.contract.check(method, url, answer.status, answer.headers, answer.data)
            return answer

        client.request = checked_request
        return client

    def call(self, method, path, body=None):
        """A request that the SDK's own checks would refuse."""
        client = self.box.api_client
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {client.configuration.access_token}"}
        answer = client.call_api(method, self.base + path, headers, body)
        return client.response_deserialize(answer, {"2XX": "object"}).data

    # Boxes

    @contextlib.contextmanager
    def new_box(self, box=None, **options):
        """The id of a new box that is ready. It is deleted at the end."""
        box = box or self.box
        made = box.create(CreateBoxRequest(**{"ttl_seconds": 1800, **options})).box.id
        with self.removed(made, box):
            self.ready(made)
            yield made

    @contextlib.contextmanager
    def removed(self, box_id, box=None):
        """Deletes the box at the end."""
        try:
            yield box_id
        finally:
            with contextlib.suppress(ApiException):
                (box or self.box).remove(box_id)

    def ready(self, box_id):
        return self.helpers.wait_until_ready(self.box, box_id, TIMEOUT, QUICK)

    def output(self, box_id, command):
        """A command's output, without the last line's end."""
        result = self.helpers.exec_command(self.box, box_id, command)
        if result.exit_code != 0:
            raise AssertionError(f"{command!r} ended with {result.exit_code}: {result.stderr}")
        return result.stdout.rstrip("\n")

    def stop(self, box_id):
        self.box.stop(box_id)
        self.wait_for_state(box_id, "archived")

    def wait_for_state(self, box_id, state):
        for _ in range(int(TIMEOUT / QUICK)):
            found = self.box.get(box_id).box.state
            if found == state:
                return
            time.sleep(QUICK)
        raise AssertionError(f"box {box_id} is {found}, not {state}")

    # States that an agent can't be made to produce

    database = property(lambda self: os.environ["BOXD_DATABASE"])

    def set_state(self, box_id, state):
        database = sqlite3.connect(self.database, timeout=30)
        with database:
            database.execute("UPDATE box SET state = ? WHERE id = ?", (state, box_id))
        database.close()

    def store_events(self, box_id, count, pause=0):
        """Adds a prompt and its responses to boxd's database, in the background."""
        return subprocess.Popen([sys.executable, LIB / "store_events.py", self.database, box_id, str(count), str(pause)])
