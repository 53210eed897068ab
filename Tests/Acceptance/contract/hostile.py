"""A server that attacks its client: values for other programs, keys for other servers, characters that control a terminal."""

import json
import os
import pathlib
import subprocess
import sys

from harness import ID, KEY, Answer, box, check, environment, equal, finish, ok, script, server
from scripted_server import ScriptedServer

HOME = pathlib.Path(os.environ["HOME"]) / "hostile"
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
FLAG = SCRATCH / "F"
NAMES = [f"$(touch {FLAG})", f"`touch {FLAG}`", f"a\ntouch {FLAG}", f"a\tb; touch {FLAG}", ":command\t9", ":files", "%n %h",
         "\x1b]0;x\x07", "\u009b2J\u0085\x7f", "\u202egnp", "'; touch x #", "a:b"]
IDS = [f'bx_a\nMatch exec "touch {FLAG}"', f"$(touch {FLAG})", f"`touch {FLAG}`", "-oProxyCommand=id", "../../../x", "bx_a b", "*"]
HERE = {"HOME": str(HOME)}


def a_box(name="web", box_id=ID, **more):
    return {"id": box_id, "name": name, "state": "ready", "ip": "127.0.0.1"} | more


def listed(*boxes):
    return Answer(200, json.dumps({"ok": True, "boxes": boxes}))


def no_flag(name):
    check(f"{name}: nothing was run", not FLAG.exists())
    FLAG.unlink(missing_ok=True)


def openssh_reads_no_line_of_the_servers():
    own = HOME / ".ssh" / "config"
    own.parent.mkdir(parents=True, mode=0o700)
    own.write_text("Host own\n")
    for box_id in IDS:
        script({"GET /boxes": listed(a_box(box_id=box_id))})
        run = box("ssh-config", "--install", "--names", "--json", env=HERE)
        check(f"{box_id!r}: refused", run.status == 1 and "is not valid: its id " in run.out, run.out)
        equal(f"{box_id!r}: ssh's configuration", own.read_text(), "Host own\n")
        subprocess.run(["ssh", "-G", "-F", own, "github.com"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        no_flag(f"{box_id!r} in ssh's configuration")
    boxes = [a_box(name, f"bx_{number}") for number, name in enumerate(NAMES)]
    script({"GET /boxes": listed(*boxes)})
    equal("names: installed", box("ssh-config", "--install", "--names", "--json", env=HERE).status, 0)
    for host in ["github.com", *(item["id"] for item in boxes)]:
        shown = subprocess.run(["ssh", "-G", "-F", own, host], capture_output=True, text=True).stdout
        check(f"{host}: its own name", f"\nhostname {host}\n" in shown, shown)
    no_flag("names in ssh's configuration")
    equal("uninstalled", box("ssh-config", "--uninstall", "--json", env=HERE).status, 0)


def nothing_of_a_bad_address_is_kept():
    for address, user in [("-oProxyCommand=id", "user"), ("127.0.0.1\nx", "user"), ("127.0.0.1", "u\nx"), ("127.0.0.1", "-l")]:
        script({f"POST /boxes/{ID}/sshkey": Answer(200, json.dumps({"ok": True, "machineIp": address, "sshUser": user}))})
        run = box("--json", "ssh", ID, "true", env=HERE)
        check(f"{address!r}, {user!r}: refused", run.status == 255 and "is not valid: its " in run.out, run.out)
    check("no address is kept", not list(HOME.glob("**/addresses/*")))
    for url in ["javascript:alert(1)", "--help", "https://a b", "file:///etc/passwd"]:
        script({f"POST /boxes/{ID}/desktop": Answer(200, json.dumps({"ok": True, "desktopUrl": url}))})
        run = box("desktop", ID, "--json", env=HERE)
        check(f"{url}: refused", run.status == 1 and "is not a valid http or https URL" in run.out, run.out)


def a_key_goes_to_its_own_server():
    other = ScriptedServer()
    other.on("GET /limits", ok('{"ok":true}'))
    stored = {"HOME": str(HOME / "login"), "BOX_API_KEY": None}
    elsewhere = {"BOX_API_URL": other.origin}
    script({"GET /me": ok('{"ok":true,"user":{}}'), "GET /limits": ok('{"ok":true}')})
    equal("login", box("login", "box_stored0123456789", "--json", env=stored).status, 0)
    equal("its own server", box("limits", "--json", env=stored).status, 0)
    for name, run in [("the variable", box("limits", "--json", env=stored | elsewhere)),
                      ("the option", box("--api-url", other.origin, "limits", "--json", env=stored)),
                      ("completion", box("--api-url", other.origin, "__complete", "--", "info", "", env=stored))]:
        equal(f"{name}: what the other server saw", [request.route for request in other.seen], [])
        if name != "completion":
            check(f"{name}: both are named", run.status == 4 and server.origin in run.out and other.origin in run.out, run.out)
    equal("with the variable's key", box("limits", "--json", env=elsewhere).status, 0)
    equal("with the variable's key: the header", other.seen[-1].headers["authorization"], f"Bearer {KEY}")
    # The same server, by a name that isn't loopback.
    remote = ["--api-url", f"http://0.0.0.0:{server.port}"]
    for arguments in [["limits"], ["login", "box_x"], ["login"], ["list"]]:
        script({})
        run = box(*arguments, "--json", *remote)
        check(f"{arguments[0]}: not over plain HTTP", run.status == 4 and "--insecure" in run.out and "https" in run.out, run.out)
        equal(f"{arguments[0]}: nothing was sent", server.seen, [])
    script({"GET /limits": ok('{"ok":true}')})
    equal("--insecure", box("limits", "--json", "--insecure", *remote).status, 0)
    equal("BOX_INSECURE", box("limits", "--json", *remote, env={"BOX_INSECURE": "1"}).status, 0)
    equal("both had the key", [request.headers["authorization"] for request in server.seen], [f"Bearer {KEY}"] * 2)


def json_drives_no_terminal():
    boxes = [a_box(name, f"bx_{number}") for number, name in enumerate(NAMES)]
    script({"GET /boxes": Answer(200, json.dumps({"ok": True, "boxes": boxes}, ensure_ascii=False)),
            f"GET /boxes/{ID}": Answer(400, json.dumps({"error": "x\u009b", "message": "m\u009b\u202e"}, ensure_ascii=False))})
    steering = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"}
    run = box("list", "--json")
    equal("list: names", [item["name"] for item in json.loads(run.out)["boxes"]], NAMES)
    check("list: no raw character", not steering & set(run.out.rstrip("\n")), run.out)
    run = box("info", ID, "--json")
    equal("error: values", [json.loads(run.out)["error"], json.loads(run.out)["code"]], ["m\u009b\u202e", "x\u009b"])
    check("error: no raw character", not steering & set(run.out.rstrip("\n")), run.out)
    for arguments in [["list"], ["info", ID]]:
        run = box(*arguments)
        check(f"{arguments[0]} for people: no raw character", not (steering - {"\n"}) & set(run.out + run.err), run.out + run.err)


def shells_evaluate_no_name():
    setup = {"bash": "source <(box completion bash)",
             "zsh": "autoload -Uz compinit; compinit -u -D; source <(box completion zsh)",
             "fish": "box completion fish | source"}
    tab = pathlib.Path(__file__).parent.parent / "lib" / "tab.py"
    boxes = [a_box(name, f"bx_{number:02}") for number, name in enumerate(NAMES)] + [a_box("last", "by_1")]
    for shell, line in setup.items():
        # A valid response, and a list of all with their names; then a server that sends invalid ids.
        for name, answer, typed, expected in [
            ("one", listed(*boxes), "box info by", "box info by_1"), ("all", listed(*boxes), "box info b", "box info b"),
            ("scp", listed(*boxes), "box scp by", "box scp by_1:"),
            ("bad ids", listed(*(a_box(box_id=box_id) for box_id in IDS)), "box info ", "box info"),
        ]:
            script({"GET /boxes": answer})
            done = subprocess.run([sys.executable, tab, shell, line, typed], capture_output=True, text=True, timeout=90,
                                  env=environment(HERE | {"BOX_COMPLETION_TIMEOUT": "20000"}))
            words = " ".join(done.stdout.split())
            check(f"{shell}, {name}", words.startswith(expected) and "touch" not in words, done.stdout + done.stderr)
            no_flag(f"{shell}, {name}")


openssh_reads_no_line_of_the_servers()
nothing_of_a_bad_address_is_kept()
a_key_goes_to_its_own_server()
json_drives_no_terminal()
shells_evaluate_no_name()
finish()
