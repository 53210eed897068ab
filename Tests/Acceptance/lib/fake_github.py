"""A fake of GitHub for tests: the list of a user's repositories, and one repository over git's HTTP protocol, for one
token.

Usage: fake_github.py DIRECTORY HOST TOKEN. DIRECTORY/site.git is `octo/site`. While DIRECTORY/gone exists, the list has
only `octo/other`. Writes the API's base URL to standard output.
"""

import base64
import http.server
import json
import os
import socketserver
import subprocess
import sys
import urllib.parse

directory, host, token = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, status, body, kind="application/json", headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/user/repos":
            return self.repositories(urllib.parse.parse_qs(url.query))
        self.git(b"")

    def do_POST(self):
        self.git(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def repositories(self, query):
        if self.headers.get("Authorization") != f"Bearer {token}":
            return self.reply(401, b'{"message":"Bad credentials"}')
        page = int(query["page"][0])
        rows = [self.row(7, "octo/site", True)] + [self.row(100 + n, f"someone/project-{n}", False) for n in range(101)]
        if os.path.exists(f"{directory}/gone"):
            rows = [self.row(8, "octo/other", False)]
        self.reply(200, json.dumps(rows[(page - 1) * 100 : page * 100]).encode())

    def row(self, number, name, private):
        owner = name.split("/")[0]
        return {
            "id": number,
            "full_name": name,
            "private": private,
            "clone_url": f"{base}/{name}.git",
            "default_branch": "main",
            "pushed_at": "2026-05-28T16:00:33Z",
            "permissions": {"admin": False, "push": True, "pull": True},
            "owner": {"login": owner, "type": "Organization" if owner == "octo" else "User", "avatar_url": f"{base}/{owner}.png"},
        }

    def git(self, body):
        """git-http-backend(1) for octo/site, with the token as its password."""
        expected = "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            return self.reply(401, b"", headers=[("WWW-Authenticate", "Basic")])
        url = urllib.parse.urlsplit(self.path)
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": directory,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": url.path.replace("/octo/", "/"),
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True).stdout
        head, _, contents = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        self.reply(status, contents, headers.pop("Content-Type"), headers.items())


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        """Without a query for this host's name: there may be no name servers."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


server = Server((host, 0), Handler)
base = f"http://{host}:{server.server_port}"
print(base, flush=True)
server.serve_forever()
