"""The login through a browser: a URL for the user, and the new key."""

import os

from harness import Answer, box, check, equal, error_line, finish, ok, prints, script, server

START, POLL = "POST /api/box/auth/start", "POST /api/box/auth/poll"
NEW_KEY = "box_fromthebrowser0123456789"
PENDING, USER = ok('{"ok":true,"status":"pending"}'), '{"login":"octocat","email":"octocat@example.com","later":1e400}'
NOBODY = {"BOX_API_KEY": None, "HOME": os.environ["HOME"] + "/browser"}


def prints_keys(name, arguments, routes, keys):
    script(routes)
    run = box(*arguments, "--json", env=NOBODY)
    equal(f"{name}: keys", [list(line)[:len(keys)] for line in run.lines], [keys])
    equal(f"{name}: stderr and exit status", [run.err, run.status], ["", 0])
    return run


def an_address_for_a_person():
    address = "/api/box/auth/github?state=abc"
    for sent, shown in [(f'"url":"https://ascii.dev{address}"', f"https://ascii.dev{address}"),
                        (f'"path":"{address}"', f"{server.origin}{address}")]:
        run = prints_keys("login_url", ["login"], {START: ok(f'{{"ok":true,{sent},"pollToken":"opaque_poll_token"}}')},
                          ["event", "url", "pollToken", "nextCommand", "instruction"])
        equal("login_url: its values", [run.lines[0][name] for name in ("event", "url", "pollToken", "nextCommand")],
              ["login_url", shown, "opaque_poll_token", "box onboard --json"])


def onboard_completes_it():
    run = prints("onboard", ["onboard"],
                 {POLL: [PENDING, ok(f'{{"ok":true,"status":"complete","token":"{NEW_KEY}","user":{USER}}}')]},
                 f'{{"event":"login_complete","data":{{"user":{USER}}}}}', env=NOBODY)
    check("onboard: the key is not shown", NEW_KEY not in run.out + run.err)
    equal("onboard: what it asked with", server.seen[-1].body, b'{"pollToken":"opaque_poll_token"}')
    check("onboard: no key is sent", "authorization" not in server.seen[-1].headers)
    equal("onboard: config", box("config", "--json", env=NOBODY).lines[0]["loggedIn"], True)
    prints("limits with the new key", ["limits"], {"GET /limits": ok('{"ok":true}')}, "{}", env=NOBODY)
    equal("limits: the header", server.seen[-1].headers["authorization"], f"Bearer {NEW_KEY}")
    prints("onboard once more", ["onboard"], {"GET /me": ok(f'{{"ok":true,"user":{USER}}}')},
           f'{{"event":"login_complete","data":{{"user":{USER}}}}}', env=NOBODY)


def failures():
    nobody = NOBODY | {"HOME": os.environ["HOME"] + "/nobody"}
    prints("onboard without a login", ["onboard"], {}, error_line("no login is under way. begin one with `box login`"),
           status=4, env=nobody)
    for status, body in [(404, '{"error":"not_found"}'), (404, "<html>"), (405, '{"error":"method_not_allowed"}')]:
        prints(f"login where there is no browser login, {status} {body}", ["login"], {START: Answer(status, body)},
               error_line(f"{server.origin} offers no login through a browser. run `box login KEY`, or `box login -` "
                          "with the key on standard input"), status=4, env=nobody)
    prints("login with a refused key", ["login", "box_wrong"], {"GET /me": Answer(401, '{"error":"unauthorized"}')},
           error_line("unauthorized (401). log in with `box login KEY`", "unauthorized", 401), status=4, env=nobody)


an_address_for_a_person()
onboard_completes_it()
failures()
finish()
