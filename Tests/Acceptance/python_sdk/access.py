"""SSH keys and the desktop."""

import inspect
import pathlib
import subprocess
import tempfile

from ascii_box_sdk.api.box_api import BoxApi
from ascii_box_sdk.models.ssh_key_request import SshKeyRequest

from harness import QUICK, TIMEOUT, refused, shows

SSH = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
       "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10", "-o", "IdentitiesOnly=yes"]


def ssh_key(fixture):
    with fixture.new_box() as box_id, tempfile.TemporaryDirectory() as directory:
        key = pathlib.Path(directory, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        public = SshKeyRequest(key=key.with_suffix(".pub").read_text())
        answer = fixture.box.ssh_key(box_id, public)
        shows("ssh_key", (answer.machine_ip, answer.ssh_user), (fixture.box.get(box_id).box.ip, "user"))
        shows("adding it twice is harmless", fixture.box.ssh_key(box_id, public).ok)
        login = [*SSH, "-i", str(key), f"{answer.ssh_user}@{answer.machine_ip}", "echo $BOX_ID"]
        shows("OpenSSH gets in with it", subprocess.check_output(login, text=True, timeout=TIMEOUT).strip(), box_id)
        for what, line in (("a private key", key.read_text()), ("no key", "hello")):
            refused(what, 400, "invalid_ssh_key", fixture.box.ssh_key, box_id, SshKeyRequest(key=line))
        fixture.stop(box_id)
        refused("ssh_key of a stopped box", 400, "machine_not_running", fixture.box.ssh_key, box_id, public)


def desktop(fixture):
    # The body's parameter has different names in the SDK's versions.
    body = {"desktop_request", "request_body"} & set(inspect.signature(BoxApi.desktop).parameters)
    with fixture.new_box() as box_id:
        options = {"vnc": 1, body.pop(): {"publicAccess": True}}
        refused("desktop", 400, "desktop_not_ready", fixture.box.desktop, box_id, **options)
        refused("desktop with a theme", 400, "desktop_not_ready", fixture.box.desktop, box_id, theme="dark")
        waiter = fixture.helpers.wait_for_desktop
        refused("wait_for_desktop", 400, "desktop_not_ready", waiter, fixture.box, box_id, TIMEOUT, QUICK)
        fixture.stop(box_id)
        refused("desktop of a stopped box", 400, "machine_not_running", fixture.box.desktop, box_id, vnc=1)


THEMES = [ssh_key, desktop]
