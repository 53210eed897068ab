"""Hooks of Schemathesis that make generated requests reach real resources, and keep them from doing harm.

Half of the requests to a box, a key or a prompt get an existing id, because nearly all would end with 404 otherwise.
What they create is removed at once, so that only a few machines run at a time. The run's own key is never rotated or
deleted.

The environment: BOX_API_KEY, BOX_BASE_URL, and FUZZ_FILE with {"seed": 1, "boxes": [three ids], "prompts": [ids, of the
first box], "path": a file in the first box}.
"""

import json
import os
import random

import requests
import schemathesis

BASE = os.environ["BOX_BASE_URL"]
with open(os.environ["FUZZ_FILE"], encoding="utf-8") as file:
    REAL = json.load(file)
CHOICE = random.Random(REAL["seed"])

STAYS = REAL["boxes"][0]
"""The box that is never stopped, so that there is always one for files and commands."""

SECONDS = 3
"""How long a generated command may run, and a request may wait for events."""

API = requests.Session()
API.headers["Authorization"] = f"Bearer {os.environ['BOX_API_KEY']}"


def api(method, path, **options):
    return API.request(method, BASE + path, timeout=30, **options)


def new_box():
    """A box that may be deleted. It may still be starting."""
    answer = api("POST", "/boxes", json={"ttlSeconds": 600, "type": "small"})
    return answer.json()["box"]["id"] if answer.status_code == 202 else None


def new_key():
    answer = api("POST", "/api-keys", json={"name": "fuzz"})
    return answer.json()["apiKey"]["id"] if answer.ok else None


def real_box(operation):
    """A box's id for that operation, or None when no box can be used for it."""
    if operation == "remove":
        return new_box()
    if operation in ("stop", "resume", "fork"):
        return CHOICE.choice(REAL["boxes"][1:])
    return CHOICE.choice([STAYS, *REAL["boxes"]])


def operation_id(case):
    return case.operation.definition.raw.get("operationId")


@schemathesis.hook
def before_call(context, case, kwargs):
    keep_short(case)
    use_real_ids(case)
    keep_what_is_needed(case)


def use_real_ids(case):
    parameters = case.path_parameters
    # For the whole request, either the generated ids or existing ones.
    if not parameters or CHOICE.random() < 0.5:
        return
    real = {}
    if "boxId" in parameters:
        real["boxId"] = real_box(operation_id(case))
    if "apiKeyId" in parameters:
        real["apiKeyId"] = new_key()
    if "promptId" in parameters:
        real = {"boxId": STAYS, "promptId": CHOICE.choice(REAL["prompts"])}
    if operation_id(case) in ("readFile", "artifact") and case.query and CHOICE.random() < 0.5:
        real["boxId"], case.query["path"] = STAYS, REAL["path"]
    for name, value in real.items():
        if value is not None:
            parameters[name] = value


def keep_what_is_needed(case):
    """Protects the box that must stay, because Schemathesis puts ids from responses into other requests."""
    if (case.path_parameters or {}).get("boxId") != STAYS:
        return
    if operation_id(case) in ("remove", "stop"):
        case.path_parameters["boxId"] = "bx_22222222"
    if operation_id(case) == "update" and isinstance(case.body, dict):
        case.body.pop("ttlSeconds", None)


def keep_short(case):
    """Shortens timeouts and waits, because a slow request is no failure."""
    if operation_id(case) == "command" and isinstance(case.body, dict):
        seconds = case.body.get("timeoutSeconds", 30)
        if seconds is None or (type(seconds) is int and SECONDS < seconds <= 600):
            case.body["timeoutSeconds"] = SECONDS
    if case.headers and "wait" in str(case.headers.get("Prefer", "")):
        case.headers["Prefer"] = f"wait={SECONDS}"


@schemathesis.hook
def after_call(context, case, response):
    """Removes what a request created."""
    if response.status_code not in (200, 201, 202):
        return
    operation = operation_id(case)
    if operation in ("create", "fork"):
        api("DELETE", f"/boxes/{response.json()['box']['id']}")
    if operation == "prompt":
        # The generated provider may be unreachable, so the agent is ended.
        api("POST", f"/boxes/{response.json()['id']}/interrupt")
    if operation in ("createApiKey", "rotateApiKey"):
        api("DELETE", f"/api-keys/{response.json()['apiKey']['id']}")
