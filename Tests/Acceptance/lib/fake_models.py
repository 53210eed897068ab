"""A fake of the two model providers' endpoints, for tests that run the real agents, Codex and Claude Code, without a model.

Usage: fake_models.py [--listen HOST:PORT] [--port-file FILE] [--log FILE] [--key KEY]...

It speaks OpenAI's Responses protocol (POST .../responses) and Anthropic's Messages protocol (POST .../v1/messages, .../count_tokens),
streamed or whole. The prompt is the script. Every directive in it is one of

    [[say TEXT]]                answers TEXT
    [[think TEXT]]              reasons TEXT
    [[stream N words SECONDS]]  answers word-1 ... word-N, SECONDS apart
    [[remember]]                answers the earlier prompts of the conversation
    [[run COMMAND]]             runs COMMAND with the agent's shell tool, and waits for its end
    [[steps N]]                 N commands, one after the other: echo step-K >> steps.txt
    [[write PATH TEXT]]         writes a new file with the agent's own tool
    [[read PATH]]               reads a file: Claude Code edits only what it has read or written
    [[edit PATH OLD => NEW]]    replaces the line OLD of a file by NEW with the agent's own tool
    [[call TOOL JSON]]          calls any tool of the agent by its own name, with such arguments
    [[search QUERY]]            searches the web: Codex's provider does so itself, Claude Code asks the provider to
    [[status CODE]]             refuses with the provider's body for CODE
    [[usage-limit]]             refuses as if the account had no credit; [[usage-limit plan]]: as if a subscription were used up
    [[hang]]                    sends nothing more, not even a header if it comes first, until the agent closes the connection
    [[cut]]                     closes the connection in the middle of the answer; after a text, before that is said to be complete
    [[fail]]                    ends the answer with the provider's event for an overloaded model
    [[garbage]]                 ends the answer with something that is no event

A directive ends at the first `]]`. The last six are faults. A fault may end in `times=N`: only the first N requests of that turn meet it, so
that a retry goes through; status and usage-limit also in `retry-after=SECONDS`. A fault follows the texts before it: `[[say a]] [[cut]]`.

A request is one turn of the model: the directives up to the next tool call, and that call. Which turn it is follows from the number of tool
calls since the last prompt, so one endpoint serves any number of agents and remembers nothing but the counts for `times`.
A prompt without directives, and a request without tools (for a title or a summary), are answered with what was asked.

The log has a JSON line for each request (`event`: request) and for each streamed piece of an answer (`event`: delta, written before it is
sent), with the wall clock in `at`. Without --key every key is valid.
"""

import argparse
import base64
import http.server
import itertools
import json
import os
import re
import signal
import socketserver
import sys
import threading
import time
import uuid

GRAMMAR = {
    "say": r"(.+)",
    "think": r"(.+)",
    "stream": r"(\d+) words ([\d.]+)",
    "remember": r"",
    "run": r"(.+)",
    "steps": r"(\d+)",
    "write": r"(\S+) (.*)",
    "read": r"(\S+)",
    "edit": r"(\S+) (.+) => (.*)",
    "call": r"(\S+) (\{.*\})",
    "search": r"(.+)",
    "status": r"([45]\d\d)",
    "usage-limit": r"(plan)?",
    "hang": r"",
    "cut": r"",
    "fail": r"",
    "garbage": r"",
}
FAULTS = {"status", "usage-limit", "hang", "cut", "fail", "garbage"}

# The beginnings of texts that the agents themselves send in the user's role.
NOT_TYPED = ("<", "[Request interrupted", "[Your previous response", "Your response above was cut off", "Continue from where you left off")


class Cut(Exception):
    """Ends the connection here."""


class Garbage(Exception):
    """Ends the response with another body."""


def cut_after(pieces):
    """It is a race whether an agent keeps a complete text of a cut response. A partial text is always repeated."""
    yield from pieces
    raise Cut


class Directive:
    def __init__(self, name, arguments, options):
        self.name, self.arguments, self.options = name, arguments, options


def parse(prompt):
    """The script in a prompt. Text without directives gets a one-word answer."""
    script = []
    for name, words in re.findall(r"\[\[([\w-]+)\s*(.*?)\s*\]\]", prompt, re.DOTALL):
        options, rest = {}, words
        while name in FAULTS and (option := re.search(r"\s*\b(times|retry-after)=(\d+)$", rest)):
            options[option[1]], rest = int(option[2]), rest[: option.start()]
        found = re.fullmatch(GRAMMAR[name], rest, re.DOTALL) if name in GRAMMAR else None
        if found is None:
            script.append(Directive("say", [f"fake_models.py has no [[{name} {rest}]]"], {}))
        elif name == "steps":
            script += [Directive("run", [f"echo step-{number} >> steps.txt"], {}) for number in range(1, int(rest) + 1)]
        else:
            script.append(Directive(name, found.groups(), options))
    return script or [Directive("say", [f"You said: {prompt.strip()[:500]}"], {})]


def turn(script, tools, calls):
    """The model's actions after that many tool calls: everything up to and including the next call."""
    parts = []
    for directive in script:
        if calls == 0:
            parts.append(directive)
        if directive.name in tools:
            if calls == 0:
                break
            calls -= 1
    return parts


def typed(texts):
    """The prompt among the texts of one message, if there is one."""
    return "\n".join(text for text in texts if text.strip() and not text.lstrip().startswith(NOT_TYPED))


def new_id(prefix):
    return f"{prefix}_{uuid.uuid4().hex[:24]}"


class Responses:
    """One request in OpenAI's Responses protocol, as Codex uses it."""

    name = "responses"
    calling = {"run", "write", "read", "edit", "call"}

    def __init__(self, body, headers):
        self.session = headers.get("session-id", "")
        self.key = headers.get("Authorization", "").removeprefix("Bearer ")
        self.model, self.streamed = body.get("model"), body.get("stream", False)
        self.effort, self.thinking = (body.get("reasoning") or {}).get("effort"), body.get("reasoning")
        self.tools = sorted(tool.get("name") or tool["type"] for tool in body.get("tools") or [])
        self.prompts, self.calls, self.running = [], 0, None
        self.messages = len(body["input"])
        for item in body["input"]:
            self.follow(item)

    def follow(self, item):
        kind = item.get("type", "message")
        if kind == "message" and item["role"] == "user" and (prompt := typed(part.get("text", "") for part in item["content"])):
            self.prompts.append(prompt)
            self.calls, self.running = 0, None
        elif kind in ("function_call", "custom_tool_call") and item["name"] != "write_stdin":
            self.calls += 1
        elif kind == "function_call_output":
            found = re.search(r"Process running with session ID (\d+)", json.dumps(item["output"]))
            self.running = int(found[1]) if found else None

    def begin(self, stream):
        self.stream, self.number, self.output, self.id = stream, 0, [], new_id("resp")
        self.send("response.created", response=self.response("in_progress"))

    def send(self, kind, **fields):
        self.stream.event(kind, {"type": kind, "sequence_number": self.number, **fields})
        self.number += 1

    def response(self, status, error=None):
        usage = {
            "input_tokens": 1000,
            "input_tokens_details": {"cached_tokens": 200},
            "output_tokens": 50,
            "output_tokens_details": {"reasoning_tokens": 10},
            "total_tokens": 1050,
        }
        fields = {"id": self.id, "object": "response", "created_at": int(time.time()), "model": self.model, "status": status}
        return {**fields, "error": error, "output": self.output, "usage": usage if status == "completed" else None}

    def item(self, kind, prefix, fields, fill=lambda item, index: None):
        """One output item: added, filled by its own events, done."""
        item, index = {"type": kind, "id": new_id(prefix), "status": "in_progress", **fields}, len(self.output)
        self.send("response.output_item.added", output_index=index, item=item)
        fill(item, index)
        item["status"] = "completed"
        self.send("response.output_item.done", output_index=index, item=item)
        self.output.append(item)

    def answer(self, pieces):
        def fill(item, index):
            part = {"type": "output_text", "text": "", "annotations": []}
            where = {"item_id": item["id"], "output_index": index, "content_index": 0}
            self.send("response.content_part.added", **where, part=part)
            for piece in pieces:
                self.stream.log(piece)
                self.send("response.output_text.delta", **where, delta=piece)
                part["text"] += piece
            self.send("response.output_text.done", **where, text=part["text"])
            self.send("response.content_part.done", **where, part=part)
            item["content"] = [part]

        self.item("message", "msg", {"role": "assistant", "content": []}, fill)

    def think(self, text):
        def fill(item, index):
            where = {"item_id": item["id"], "output_index": index, "summary_index": 0}
            part = {"type": "summary_text", "text": text}
            self.send("response.reasoning_summary_part.added", **where, part={**part, "text": ""})
            self.send("response.reasoning_summary_text.delta", **where, delta=text)
            self.send("response.reasoning_summary_text.done", **where, text=text)
            self.send("response.reasoning_summary_part.done", **where, part=part)
            item["summary"] = [part]

        self.item("reasoning", "rs", {"summary": [], "encrypted_content": base64.b64encode(text.encode()).decode()}, fill)

    def call(self, name, arguments):
        def fill(item, index):
            where = {"item_id": item["id"], "output_index": index}
            item["arguments"] = json.dumps(arguments)
            self.send("response.function_call_arguments.delta", **where, delta=item["arguments"])
            self.send("response.function_call_arguments.done", **where, arguments=item["arguments"])

        space, _, inner = name.rpartition("__")
        place = {"namespace": space, "name": inner} if space in self.tools else {"name": name}
        self.item("function_call", "fc", {**place, "call_id": new_id("call"), "arguments": ""}, fill)

    def run(self, command):
        if "shell_command" in self.tools:
            self.call("shell_command", {"command": command, "timeout_ms": 3_600_000})
        else:
            self.call("exec_command", {"cmd": command, "yield_time_ms": 30_000})

    def wait(self):
        """Requests more output of the command that is still running."""
        self.call("write_stdin", {"session_id": self.running, "chars": "", "yield_time_ms": 300_000})

    def patch(self, *lines):
        patch = "\n".join(["*** Begin Patch", *lines, "*** End Patch", ""])
        if "apply_patch" not in self.tools:
            return self.run(f"apply_patch <<'PATCH'\n{patch}PATCH\n")

        def fill(item, index):
            item["input"] = patch
            self.send("response.custom_tool_call_input.delta", item_id=item["id"], output_index=index, delta=patch)
            self.send("response.custom_tool_call_input.done", item_id=item["id"], output_index=index, input=patch)

        self.item("custom_tool_call", "ctc", {"name": "apply_patch", "call_id": new_id("call"), "input": ""}, fill)

    def write(self, path, text):
        self.patch(f"*** Add File: {path}", *(f"+{line}" for line in text.split("\n")))

    def read(self, path):
        self.run(f"cat {path}")

    def edit(self, path, old, new):
        self.patch(f"*** Update File: {path}", "@@", f"-{old}", f"+{new}")

    def search(self, query):
        self.item("web_search_call", "ws", {"action": {"type": "search", "query": query}})

    def fail(self):
        error = {"code": "server_is_overloaded", "message": "Our servers are currently overloaded. Please try again later."}
        self.send("response.failed", response=self.response("failed", error))

    def end(self, called):
        self.send("response.completed", response=self.response("completed"))

    def whole(self):
        return self.response("completed")

    def refusal(self, status, retry_after):
        kind, code, message = {
            401: (
                "invalid_request_error",
                "invalid_api_key",
                f"Incorrect API key provided: {self.key[:8]}********{self.key[-4:]}. "
                "You can find your API key at https://platform.openai.com/account/api-keys.",
            ),
            404: ("invalid_request_error", "model_not_found", f"The model `{self.model}` does not exist or you do not have access to it."),
            429: (
                "tokens",
                "rate_limit_exceeded",
                f"Rate limit reached for {self.model} in organization org-fake on tokens per min (TPM): Limit 30000, Used 30000, "
                f"Requested 1000. Please try again in {retry_after or 1}s. "
                "Visit https://platform.openai.com/account/rate-limits to learn more.",
            ),
            503: ("server_error", "server_is_overloaded", "The server is currently overloaded with other requests. Sorry about that!"),
        }.get(status) or (
            ("server_error", None, "The server had an error while processing your request. Sorry about that!")
            if status >= 500
            else ("invalid_request_error", None, "The request is invalid.")
        )
        return status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, {}

    def usage_limit(self, plan, retry_after):
        if plan:
            left = retry_after or 3600
            error: dict = {"type": "usage_limit_reached", "message": "The usage limit has been reached", "plan_type": "plus"}
            error |= {"resets_at": int(time.time()) + left, "resets_in_seconds": left}
            return 429, {"error": error}, {"x-codex-primary-used-percent": "100.0", "x-codex-primary-window-minutes": "300"}
        message = (
            "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the "
            "docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
        )
        return 429, {"error": {"message": message, "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}}, {}


class Messages:
    """One request in Anthropic's Messages protocol, as Claude Code uses it."""

    name = "messages"
    calling = {"run", "write", "read", "edit", "call", "search"}
    running = None

    def __init__(self, body, headers):
        self.session = headers.get("X-Claude-Code-Session-Id", "")
        self.key = headers.get("x-api-key") or headers.get("Authorization", "").removeprefix("Bearer ")
        self.model, self.streamed = body.get("model"), body.get("stream", False)
        self.effort, self.thinking = (body.get("output_config") or {}).get("effort"), body.get("thinking")
        self.tools = sorted(tool["name"] for tool in body.get("tools") or [])
        self.prompts, self.calls = [], 0
        self.messages = len(body["messages"])
        for message in body["messages"]:
            self.follow(message)

    def follow(self, message):
        parts = message["content"]
        if isinstance(parts, str):
            parts = [{"type": "text", "text": parts}]
        kinds = [part["type"] for part in parts]
        self.calls += kinds.count("tool_use")
        if message["role"] == "user" and "tool_result" not in kinds:
            # A prompt without an answer is in one message with the next prompt.
            for part in parts:
                if part["type"] == "text" and (prompt := typed([part["text"]])):
                    self.prompts.append(prompt)
                    self.calls = 0

    def begin(self, stream):
        self.stream, self.blocks, self.id, self.reason = stream, [], new_id("msg"), None
        self.send("message_start", message=self.whole())

    def send(self, kind, **fields):
        self.stream.event(kind, {"type": kind, **fields})

    def block(self, empty, deltas, full):
        """One content block: started empty, filled by deltas, stopped."""
        index = len(self.blocks)
        self.send("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            self.send("content_block_delta", index=index, delta=delta)
        self.send("content_block_stop", index=index)
        self.blocks.append({**empty, **full()})

    def answer(self, pieces):
        said = []

        def deltas():
            for piece in pieces:
                self.stream.log(piece)
                yield {"type": "text_delta", "text": piece}
                said.append(piece)

        self.block({"type": "text", "text": ""}, deltas(), lambda: {"text": "".join(said)})

    def think(self, text):
        full = {"thinking": text, "signature": base64.b64encode(text.encode()).decode()}
        deltas = [{"type": f"{name}_delta", name: value} for name, value in full.items()]
        self.block({"type": "thinking", "thinking": "", "signature": ""}, deltas, lambda: full)

    def call(self, name, arguments):
        empty = {"type": "tool_use", "id": new_id("toolu"), "name": name, "input": {}}
        self.block(empty, [{"type": "input_json_delta", "partial_json": json.dumps(arguments)}], lambda: {"input": arguments})

    def run(self, command):
        self.call("Bash", {"command": command, "description": "Run a scripted command", "timeout": 600_000})

    def write(self, path, text):
        self.call("Write", {"file_path": path, "content": text})

    def read(self, path):
        self.call("Read", {"file_path": path})

    def edit(self, path, old, new):
        self.call("Edit", {"file_path": path, "old_string": old, "new_string": new})

    def search(self, query):
        self.call("WebSearch", {"query": query})

    def fail(self):
        self.send("error", error={"type": "overloaded_error", "message": "Overloaded"})

    def end(self, called):
        self.reason = "tool_use" if called else "end_turn"
        message = self.whole()
        self.send("message_delta", delta={"stop_reason": self.reason, "stop_sequence": None}, usage=message["usage"])
        self.send("message_stop")

    def whole(self):
        usage = {"input_tokens": 800, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 200, "output_tokens": 50}
        fields = {"id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": self.blocks}
        return {**fields, "stop_reason": self.reason, "stop_sequence": None, "usage": usage}

    def refusal(self, status, retry_after):
        kind, message = {
            401: ("authentication_error", "invalid x-api-key"),
            403: ("permission_error", "Your API key does not have permission to use the specified resource."),
            404: ("not_found_error", f"model: {self.model}"),
            429: ("rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute."),
            529: ("overloaded_error", "Overloaded"),
        }.get(status) or (("api_error", "Internal server error") if status >= 500 else ("invalid_request_error", "The request is invalid."))
        return status, self.error(kind, message), {}

    def usage_limit(self, plan, retry_after):
        if plan:
            headers = {
                "anthropic-ratelimit-unified-status": "rejected",
                "anthropic-ratelimit-unified-reset": str(int(time.time()) + (retry_after or 3600)),
                "anthropic-ratelimit-unified-representative-claim": "five_hour",
            }
            return 429, self.error("rate_limit_error", "This request would exceed your account's rate limit. Please try again later."), headers
        message = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."
        return 400, self.error("invalid_request_error", message), {}

    @staticmethod
    def error(kind, message):
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": new_id("req")}


class Log:
    def __init__(self, path):
        self.file, self.lock = open(path or os.devnull, "a", buffering=1), threading.Lock()

    def write(self, event, **fields):
        with self.lock:
            self.file.write(json.dumps({"event": event, "at": time.time(), **fields}) + "\n")


class Faults:
    """How many requests each fault has affected."""

    def __init__(self):
        self.met, self.lock = {}, threading.Lock()

    def due(self, fault, turn):
        place = (*turn, fault.name, fault.arguments)
        with self.lock:
            self.met[place] = self.met.get(place, 0) + 1
            return self.met[place] <= fault.options.get("times", sys.maxsize)


class Stream:
    """The sink of one response's events. A response that isn't streamed has none."""

    def __init__(self, handler, protocol):
        self.handler, self.protocol = handler, protocol

    def event(self, kind, fields):
        if self.protocol.streamed:
            self.handler.chunk(f"event: {kind}\ndata: {json.dumps(fields)}\n\n")

    def log(self, text):
        self.handler.server.log.write("delta", protocol=self.protocol.name, session=self.protocol.session, text=text)


class Handler(http.server.BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        """The requests that the agents make at their start."""
        self.server.log.write("request", method=self.command, path=self.path)
        if self.path.split("?")[0].endswith("/models"):
            return self.reply(200, {"object": "list", "data": [], "models": [], "has_more": False})
        self.reply(200 if self.path == "/api/hello" else 404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0]
        kind = Responses if path.endswith("/responses") else Messages if "/v1/messages" in path else None
        if kind is None:
            self.server.log.write("request", method=self.command, path=self.path)
            return self.reply(404, {})
        protocol = kind(json.loads(body), self.headers)
        counting = path.endswith("/count_tokens")
        parts = [] if counting else self.due(protocol)
        refusal = self.refusal(protocol, parts)
        self.record(protocol, refusal[0] if refusal else 200)
        if refusal:
            self.reply(*refusal)
        elif counting:
            self.reply(200, {"input_tokens": len(body) // 4})
        else:
            self.answer(protocol, parts)

    def due(self, protocol):
        """This turn of the script, without the faults that have been used up."""
        prompt = protocol.prompts[-1] if protocol.prompts else ""
        if not protocol.tools:
            return [Directive("say", [f"You said: {prompt.replace('[[', '').replace(']]', '')[:500]}"], {})]
        place = (protocol.session, len(protocol.prompts), protocol.calls)
        parts = turn(parse(prompt), protocol.calling, protocol.calls)
        return [part for part in parts if part.name not in FAULTS or self.server.faults.due(part, place)]

    def refusal(self, protocol, parts):
        """The response to an invalid key, or the one that the script requests."""
        if self.server.keys and protocol.key not in self.server.keys:
            return protocol.refusal(401, None)
        for part in parts:
            after = part.options.get("retry-after")
            if part.name == "status":
                status, body, headers = protocol.refusal(int(part.arguments[0]), after)
            elif part.name == "usage-limit":
                status, body, headers = protocol.usage_limit(part.arguments[0], after)
            else:
                continue
            return status, body, headers if after is None else {**headers, "retry-after": str(after)}
        return None

    def record(self, protocol, status):
        fields = {name: getattr(protocol, name) for name in ("session", "model", "effort", "thinking", "tools", "messages")}
        fields |= {"stream": protocol.streamed, "prompts": len(protocol.prompts), "turn": protocol.calls, "key": protocol.key[-4:]}
        self.server.log.write("request", method=self.command, path=self.path, protocol=protocol.name, status=status, **fields)

    def reply(self, status, body, headers=None):
        contents = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(contents)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(contents)

    def answer(self, protocol, parts):
        garbage = "event: nothing\ndata: {\"type\": \"gar\n\n\x00\x01 no event\n\ndata: 17\n\n"
        try:
            if parts and parts[0].name == "hang":
                self.hang()
            self.open(protocol)
            self.play(protocol, parts)
            ending = ""
        except Cut:
            self.close_connection = True
            return
        except Garbage:
            ending = garbage
        if not protocol.streamed:
            return self.reply(200, ending.encode() or protocol.whole())
        if ending:
            self.chunk(ending)
        self.wfile.write(b"0\r\n\r\n")

    def open(self, protocol):
        if protocol.streamed:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
        protocol.begin(Stream(self, protocol))

    def chunk(self, text):
        contents = text.encode()
        self.wfile.write(f"{len(contents):x}\r\n".encode() + contents + b"\r\n")

    def play(self, protocol, parts):
        if protocol.running is not None:
            protocol.wait()
            return protocol.end(called=True)
        for part, following in itertools.zip_longest(parts, parts[1:]):
            self.perform(protocol, part, is_cut=following is not None and following.name == "cut")
            if part.name == "fail":
                return
        if not parts:
            protocol.answer(["Done."])
        protocol.end(called=bool(parts) and parts[-1].name in protocol.calling)

    def perform(self, protocol, part, is_cut):
        match part.name:
            case "say" | "stream":
                pieces = words(*part.arguments) if part.name == "stream" else part.arguments
                protocol.answer(cut_after(pieces) if is_cut else pieces)
            case "remember":
                protocol.answer(["\n".join(["Earlier prompts:", *protocol.prompts[:-1]])])
            case "hang":
                self.hang()
            case "cut":
                raise Cut
            case "garbage":
                raise Garbage
            case "call":
                name, arguments = part.arguments
                protocol.call(name, json.loads(arguments))
            case name:
                getattr(protocol, name)(*part.arguments)

    def hang(self):
        """Waits until the agent closes the connection."""
        self.connection.recv(1)
        raise Cut


def words(count, pause):
    for number in range(1, int(count) + 1):
        if number > 1:
            time.sleep(float(pause))
        yield f"word-{number} "


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    log: Log
    faults: Faults
    keys: set

    def server_bind(self):
        """Without a query for this host's name: there may be no name servers."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request, address):
        """An agent that disconnects during a response is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, address)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:0", help="HOST:PORT; port 0 takes a free one")
    parser.add_argument("--port-file", help="where to write the port")
    parser.add_argument("--log", help="where to append the log")
    parser.add_argument("--key", action="append", default=[], help="a valid key")
    arguments = parser.parse_args()
    host, _, port = arguments.listen.rpartition(":")
    server = Server((host, int(port)), Handler)
    server.log, server.faults, server.keys = Log(arguments.log), Faults(), set(arguments.key)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if arguments.port_file:
        with open(f"{arguments.port_file}.new", "w") as file:
            file.write(f"{server.server_port}\n")
        os.rename(f"{arguments.port_file}.new", arguments.port_file)
    print(f"http://{host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
