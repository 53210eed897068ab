"""The boxd of a soak: it gets many concurrent requests, and is killed and restarted meanwhile."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time

# The errors of a request while no boxd runs, or when boxd dies during the request.
BROKEN = (OSError, http.client.HTTPException, ValueError)


class Boxd:
    def __init__(self, listen, key, log):
        self.listen, self.key, self.log = listen, key, log
        self.directory = os.environ["BOXD_DATA_DIR"]
        self.refused, self.lock = {}, threading.Lock()

    def call(self, method, path, body=None, timeout=60, headers=()):
        """One request. Raises one of BROKEN when it isn't known whether it was executed."""
        connection = http.client.HTTPConnection(self.listen, timeout=timeout)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, "/api/box/v1" + path, text, {"Authorization": f"Bearer {self.key}", **dict(headers)})
            answer = connection.getresponse()
            status, body = answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()
        if status >= 500:
            self.note(method, path, status, body.get("message"))
        return status, body

    def note(self, method, path, status, message):
        """Counts a response that no request should get."""
        with self.lock:
            place = (method, path.rpartition("/")[2].partition("?")[0], status, message)
            self.refused[place] = self.refused.get(place, 0) + 1

    def start(self, environment=None):
        with open(self.log, "a") as out:
            arguments = ["boxd", "serve", "--listen", self.listen, "--max-per-minute", "100000", "--max-boxes", "50"]
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self.call("GET", "/me", timeout=2)
                return
            except BROKEN:
                time.sleep(0.02)
        raise SystemExit("boxd did not come back")

    def kill(self):
        self.end(signal.SIGKILL)

    def stop(self):
        """Stops boxd and returns the seconds that it took."""
        return self.end(signal.SIGTERM)

    def end(self, number):
        with open(f"{self.directory}/boxd.pid") as file:
            process = int(file.read())
        begun = time.monotonic()
        os.kill(process, number)
        while is_alive(process):
            if time.monotonic() - begun > 60:
                raise SystemExit("boxd doesn't end")
            time.sleep(0.01)
        return time.monotonic() - begun


def is_alive(process):
    try:
        os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        pass  # The process was started by the calling shell.
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
