"""Sends bodies of twice each route's limit with httpx. Standard input has the routes: METHOD PATH LIMIT a line."""

import os
import sys

import httpx


def pieces(size):
    piece = b" " * 65536
    while size > 0:
        yield piece[:size]
        size -= len(piece)


api, headers = os.environ["API"], {"Authorization": f"Bearer {os.environ['KEY']}"}
with httpx.Client(timeout=30) as client:
    for line in sys.stdin:
        method, path, limit = line.split()
        size = 2 * int(limit)
        for way, content in (("length", b" " * size), ("chunked", pieces(size))):
            answer = client.request(method, api + path, headers=headers, content=content)
            assert answer.status_code == 413, (line, way, answer.text)
            assert answer.json()["code"] == "body_too_large", (line, way, answer.text)
        assert client.get(api + "/me", headers=headers).status_code == 200
