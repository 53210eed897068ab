"""Compares HTTP responses with Docs/openapi.yaml: operation, status, content type, required headers and body.

    contract = Contract("Docs/openapi.yaml")
    contract.check("GET", "http://127.0.0.1:7070/api/box/v1/me", 200, headers, body)

Raises Undocumented for every difference. contract.seen has the operation ids that were checked, with their statuses.
"""

import json
import re
import urllib.parse

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

API = "/api/box/v1"
METHODS = ("get", "put", "post", "patch", "delete")


class Undocumented(AssertionError):
    """A response that Docs/openapi.yaml doesn't describe."""


class Operation:
    """One method of one path."""

    def __init__(self, document, path, method):
        item = document["paths"][path]
        # The few paths with their own servers are at the root.
        prefix = "" if "servers" in item else API
        self.method, self.definition = method.upper(), item[method]
        self.id = self.definition["operationId"]
        self.pointer = f"/paths/{escape(path)}/{method}/responses/"
        self.pattern = re.compile(prefix + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)))

    def __str__(self):
        return f"{self.id} ({self.method})"


def escape(part):
    """Encodes a part of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


class Contract:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        resource = Resource(contents=self.document, specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:openapi", resource)
        self.operations = [
            Operation(self.document, path, method)
            for path, item in self.document["paths"].items() for method in METHODS if method in item
        ]
        self.seen = {}

    def check(self, method, url, status, headers, body):
        operation = self.operation(method, url)
        pointer = operation.pointer + str(status)
        if str(status) not in operation.definition["responses"]:
            raise Undocumented(f"{operation} answered {status}: {body[:500]!r}")
        response, pointer = self.resolve(operation.definition["responses"][str(status)], pointer)
        for name in response.get("headers", {}):
            if name in ("X-Request-Id", "ETag") and not headers.get(name):
                raise Undocumented(f"{operation} answered {status} without {name}")
        self.check_body(f"{operation} {status}", response.get("content", {}), pointer, headers, body)
        self.seen.setdefault(operation.id, set()).add(status)

    def check_body(self, what, content, pointer, headers, body):
        if not content:
            if body:
                raise Undocumented(f"{what} has a body: {body[:500]!r}")
            return
        kind = headers.get("Content-Type", "").split(";")[0].strip()
        if kind not in content:
            raise Undocumented(f"{what} has the content type {kind!r}, not {', '.join(content)}")
        if kind == "application/json":
            schema = {"$ref": f"urn:openapi#{pointer}/content/{escape(kind)}/schema"}
            validator = Draft202012Validator(schema, registry=self.registry)
            problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(body))]
            if problems:
                raise Undocumented(f"{what} isn't as documented: {'; '.join(problems)[:2000]}")

    def operation(self, method, url):
        path = urllib.parse.urlsplit(url).path
        for operation in self.operations:
            if operation.method == method.upper() and operation.pattern.fullmatch(path):
                return operation
        raise Undocumented(f"{method} {path} is no documented operation")

    def resolve(self, value, pointer):
        """The target of a reference, and where it is."""
        while "$ref" in value:
            pointer = value["$ref"].removeprefix("#")
            value = self.document
            for part in pointer.split("/")[1:]:
                value = value[part.replace("~1", "/").replace("~0", "~")]
        return value, pointer
