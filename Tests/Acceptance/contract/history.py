"""The documented events endpoint: pages, cursors, order and types, over events that are given as text."""

import base64
import json

from harness import ID, Answer


def cursor(event):
    return base64.urlsafe_b64encode(f'{event["timestamp"]}:{event["id"]}'.encode()).decode().rstrip("=")


class History:
    """Events as texts, so that the output can be compared byte by byte. `grow` is called before every response."""

    def __init__(self, texts, grow=None):
        self.texts, self.grow = list(texts), grow

    def __call__(self, request):
        if self.grow:
            self.grow(self)
        asked = request.parameters
        items = sorted(((json.loads(text), text) for text in self.texts),
                       key=lambda item: (item[0]["timestamp"], item[0]["id"]), reverse=asked.get("sort") != "asc")
        if "type" in asked:
            items = [item for item in items if item[0]["type"] in asked["type"].split(",")]
        if "cursor" in asked:
            padded = asked["cursor"] + "=" * (-len(asked["cursor"]) % 4)
            timestamp, _, event_id = base64.urlsafe_b64decode(padded).decode().partition(":")
            place = (int(timestamp), event_id)
            def is_after(event):
                own = (event["timestamp"], event["id"])
                return own > place if asked.get("sort") == "asc" else own < place
            items = [item for item in items if is_after(item[0])]
        limit = int(asked.get("limit", "100"))
        page, more = items[:limit], len(items) > limit
        following = json.dumps(cursor(page[-1][0])) if more else "null"
        texts = ",".join(text for _, text in page)
        info = f'{{"hasMore":{json.dumps(more)},"limit":{limit},"nextCursor":{following}}}'
        return Answer(200, f'{{"ok":true,"type":"events.list","id":"{ID}","events":[{texts}],"pageInfo":{info}}}')
