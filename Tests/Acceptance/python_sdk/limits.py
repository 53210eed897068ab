"""Accounts whose limits are already reached."""

import os

from ascii_box_sdk.models.create_box_request import CreateBoxRequest

from harness import refused, shows

LIMITS = [
    ("boxes", "limit_reached", "maxActiveBoxes"),
    ("per_minute", "rate_limited", "maxCreationRequestsPerMinute"),
    ("per_day", "daily_limit_reached", "maxCreationRequestsPerDay"),
]


def limits(fixture):
    for kind, code, name in LIMITS:
        box = fixture.client(os.environ[f"SDK_KEY_{kind}"])
        with fixture.removed(box.create(CreateBoxRequest(ttl_seconds=600)).box.id, box):
            details = refused(f"a second box, limit {kind}", 429, code, box.create, CreateBoxRequest(ttl_seconds=600))
            shows("the error tells the limit", details[name], 1)
            if kind == "boxes":
                found = box.limits()
                shows("limits says so before", (found.can_start, found.start_blocked_reason), (False, "limit_reached"))


THEMES = [limits]
