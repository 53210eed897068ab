"""Files, commands and artifacts."""

import base64

from ascii_box_sdk.models.command_request import CommandRequest
from ascii_box_sdk.models.file_write_request import FileWriteRequest

from harness import refused, shows

TEXT = "grüß dich, 世界\n\ttab 'quotes' \"double\" $HOME\n"
BYTES = bytes(range(256)) * 300


def files(fixture):
    with fixture.new_box() as box_id:
        written = fixture.helpers.write_text(fixture.box, box_id, "notes/deep/result.txt", TEXT)
        shows("write_text tells the size", (written.success, written.size), (True, len(TEXT.encode())))
        shows("cat in the box has the same", fixture.output(box_id, "cat notes/deep/result.txt"), TEXT.rstrip("\n"))
        shows("it is the user's", fixture.output(box_id, "stat -c %U notes/deep/result.txt notes"), "user\nuser")
        shows("read_text", fixture.helpers.read_text(fixture.box, box_id, "notes/deep/result.txt"), TEXT)
        encoded = base64.b64encode(BYTES).decode()
        fixture.box.write_file(box_id, FileWriteRequest(path="/tmp/bytes", content=encoded, encoding="base64"))
        read = fixture.box.read_file(box_id, "/tmp/bytes", encoding="base64")
        shows("read_file in base64", (read.content == encoded, read.size, read.encoding), (True, len(BYTES), "base64"))
        shows("artifact has the same bytes", bytes(fixture.box.artifact(box_id, "/tmp/bytes")) == BYTES)
        what_files_refuse(fixture, box_id)


def what_files_refuse(fixture, box_id):
    fixture.output(box_id, "ln -s /etc/passwd link")
    for path in ("../../etc/passwd", "/etc/passwd", "link", ""):
        refused(f"read_file of {path!r}", 400, "invalid_path", fixture.box.read_file, box_id, path)
        refused(f"artifact of {path!r}", 400, "invalid_path", fixture.box.artifact, box_id, path)
        request = FileWriteRequest(path=path, content="")
        refused(f"write_file to {path!r}", 400, "invalid_path", fixture.box.write_file, box_id, request)
    refused("read_file of what isn't there", 404, "file_not_found", fixture.box.read_file, box_id, "nowhere/x")
    refused("artifact of what isn't there", 404, "file_not_found", fixture.box.artifact, box_id, "nowhere/x")
    fixture.stop(box_id)
    refused("read_file of a stopped box", 400, "machine_not_running", fixture.box.read_file, box_id, "notes")
    refused("artifact of a stopped box", 400, "machine_not_running", fixture.box.artifact, box_id, "notes")
    request = FileWriteRequest(path="x", content="")
    refused("write_file to a stopped box", 400, "machine_not_running", fixture.box.write_file, box_id, request)


def commands(fixture):
    with fixture.new_box() as box_id:
        fixture.output(box_id, "mkdir -p app")
        result = fixture.box.command(box_id, CommandRequest(command="pwd; id -un; echo err >&2; exit 3", cwd="app"))
        shows("command: stdout and stderr apart", (result.stdout, result.stderr), ("/home/user/app\nuser\n", "err\n"))
        shows("its status", (result.ok, result.success, result.exit_code, result.timed_out), (True, False, 3, False))
        slow = fixture.helpers.exec_command(fixture.box, box_id, "echo begun; sleep 600", timeout_seconds=3)
        shows("a command that takes too long", (slow.timed_out, slow.exit_code, slow.stdout), (True, 124, "begun\n"))
        shows("nothing of it goes on", fixture.output(box_id, "sleep 1; pgrep -x sleep || echo nothing"), "nothing")
        long = "x" * 200_000
        shows("a command of 200 KB", fixture.output(box_id, f"printf %s {long} | wc -c"), str(len(long)))
        what_commands_refuse(fixture, box_id)


def what_commands_refuse(fixture, box_id):
    path = f"/boxes/{box_id}/commands"
    for seconds in (0, 601, "long"):
        body = {"command": "true", "timeoutSeconds": seconds}
        refused(f"timeoutSeconds {seconds!r}", 400, "invalid_timeout", fixture.call, "POST", path, body)
    request = CommandRequest(command="true", cwd="../../etc")
    refused("a cwd outside", 400, "invalid_path", fixture.box.command, box_id, request)
    fixture.stop(box_id)
    request = CommandRequest(command="true")
    refused("a command in a stopped box", 400, "machine_not_running", fixture.box.command, box_id, request)


THEMES = [files, commands]
