"""A scripted server: a real HTTP server on loopback that answers from a script and knows no boxes.

    server = ScriptedServer()
    server.on("GET /boxes/bx_1", Answer(200, '{"ok":true}'))
    server.origin, server.seen, server.problems

A route's answers are given in order; the last one is given again and again. One may be a function from the request to
its answer. The query is no part of a route.
A request that has no route is a problem, and gets 599.
"""

import socket
import socketserver
import struct
import threading
import urllib.parse

PREFIX = "/api/box/v1"


class Answer:
    """One HTTP answer, or what a broken server does instead."""

    def __init__(self, status, body="", content_type="application/json", headers=(), *, interim=b"", raw=None,
                 declared=None, chunks=None, then=None, gate=None):
        """
        interim: bytes before the answer, such as a whole 103.
        raw: these bytes instead of an answer; the connection ends after them.
        declared: a Content-Length that isn't the body's; the connection ends after the body.
        chunks: parts of a chunked body; the connection ends after them without the last chunk.
        then: "reset" or "silence", instead of an answer.
        gate: an event that is waited for before the answer.
        """
        self.status, self.body, self.content_type, self.headers = status, body, content_type, tuple(headers)
        self.interim, self.raw, self.declared, self.chunks = interim, raw, declared, chunks
        self.then, self.gate = then, gate

    def send(self, connection):
        """Returns whether the connection can be used again."""
        if self.gate is not None:
            self.gate.wait(30)
        if self.then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if self.then == "silence":
            connection.settimeout(30)
            connection.recv(1)
            return False
        if self.raw is not None:
            connection.sendall(self.raw)
            return False
        body = self.body.encode() if isinstance(self.body, str) else self.body
        lines = [f"HTTP/1.1 {self.status} Scripted"]
        if self.content_type:
            lines.append(f"Content-Type: {self.content_type}")
        lines += self.headers
        if self.chunks is not None:
            lines.append("Transfer-Encoding: chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in self.chunks)
        elif self.status != 204:
            lines.append(f"Content-Length: {self.declared if self.declared is not None else len(body)}")
        connection.sendall(self.interim + "\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.declared is None and self.chunks is None


class Request:
    """A received request: method, path below the API's prefix, query, headers by lower-case name, body."""

    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body = method, headers, body
        path, _, self.query = target.partition("?")
        self.path = path.removeprefix(PREFIX)

    @property
    def parameters(self):
        """The query's parameters by name."""
        return dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))

    @property
    def route(self):
        return f"{self.method} {self.path}"


class ScriptedServer:
    def __init__(self):
        self.lock = threading.Lock()
        self.reset()
        script = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    script.serve(self.request)
                except OSError:
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 64

            def shutdown_request(self, request):
                self.close_request(request)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        with self.lock:
            self.routes, self.seen, self.problems = {}, [], []

    def on(self, route, *answers):
        with self.lock:
            self.routes[route] = list(answers)
        return self

    def serve(self, connection):
        if not connection.recv(1, socket.MSG_PEEK).isalpha():
            # Not HTTP, such as the beginning of TLS.
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        stream = connection.makefile("rb")
        while (request := self.read(stream)) is not None:
            if not self.take(request).send(connection):
                return

    def take(self, request):
        with self.lock:
            self.seen.append(request)
            answers = self.routes.get(request.route)
            if not answers:
                self.problems.append(f"unexpected request {request.route}")
                return Answer(599, '{"error":"not_in_the_script"}')
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    @staticmethod
    def read(stream):
        line = stream.readline().decode("latin-1").split()
        if len(line) < 2:
            return None
        headers = {}
        while (header := stream.readline().decode("latin-1").rstrip("\r\n")):
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        return Request(line[0], line[1], headers, stream.read(int(headers.get("content-length", 0))))
