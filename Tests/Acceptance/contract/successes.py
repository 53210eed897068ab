"""The documented successes of the commands that manage boxes and the account."""

import os
import subprocess
import threading

from harness import ID, KEY, Answer, box, check, environment, equal, finish, ok, prints, script, server
from shapes import CREATED, LIMIT_FIELDS, box_json, info

CONFIG = os.environ["HOME"] + "/.config/ascii/box/config.json"


def info_shows_each_state_in_peoples_words():
    words = {"init": "init", "provisioning": "provisioning", "provisioned": "ready", "cloning": "cloning",
             "ready": "ready", "idle": "idle", "running": "running", "archiving": "stopping", "archived": "stopped",
             "error": "error", "somethingNew": "somethingNew"}
    for state, word in words.items():
        expected = box_json(state).replace(f'"state":"{state}"', f'"state":"{word}"')
        prints(f"info {state}", ["info", ID], {f"GET /boxes/{ID}": ok(info(state))}, f'{{"box":{expected}}}')


def list_has_boxes_page_info_and_self():
    page = '"pageInfo":{"hasMore":false,"limit":200,"nextCursor":null}'
    one, two = box_json("idle"), box_json("archived", "bx_k3m9qwzt")
    shown_one, shown_two = one[:-1], two.replace('"archived"', '"stopped"')[:-1]
    routes = {"GET /boxes": ok(f'{{"ok":true,"type":"box.list","boxes":[{one},{two}],{page}}}')}
    prints("list", ["list"], routes,
           f'{{"boxes":[{shown_one},"self":false}},{shown_two},"self":false}}],{page}}}')
    prints("list in a box", ["list"], routes,
           f'{{"boxes":[{shown_one},"self":true}},{shown_two},"self":false}}],{page}}}', env={"BOX_ID": ID})
    prints("list of none", ["list"], {"GET /boxes": ok(f'{{"ok":true,"type":"box.list","boxes":[],{page}}}')},
           f'{{"boxes":[],{page}}}')
    prints("list without pageInfo", ["list"], {"GET /boxes": ok('{"ok":true,"type":"box.list","boxes":[]}')},
           '{"boxes":[]}')
    first = f'{{"boxes":[{one}],"pageInfo":{{"hasMore":true,"limit":200,"nextCursor":"abc"}}}}'
    routes = {"GET /boxes": [ok(first), ok(f'{{"boxes":[{two}],{page}}}')]}
    prints("list of two pages", ["list"], routes,
           f'{{"boxes":[{shown_one},"self":false}},{shown_two},"self":false}}],{page}}}')
    equal("list: the second page's query", [request.query for request in server.seen],
          ["limit=200", "limit=200&cursor=abc"])


def limits_have_every_field():
    prints("limits", ["limits"], {"GET /limits": ok(f'{{"ok":true,"type":"limits.info",{LIMIT_FIELDS}}}')},
           f"{{{LIMIT_FIELDS}}}")


def actions():
    for verb, kind, sent, shown, state, word in [
        ("stop", "stopping", "archiving", "stopping", "archiving", "stopping"),
        ("resume", "resuming", "resuming", "resuming", "archived", "stopped"),
        ("interrupt", "interrupted", "interrupted", "interrupted", "idle", "idle"),
    ]:
        body = f'{{"ok":true,"type":"box.{kind}","id":"{ID}","status":"{sent}","box":{box_json(state)}}}'
        result = box_json(state).replace(f'"{state}"', f'"{word}"')
        route = f"POST /boxes/{ID}/{verb}"
        prints(verb, [verb, ID], {route: ok(body, 202)}, f'{{"id":"{ID}","status":"{shown}","box":{result}}}')
        body = f'{{"ok":true,"type":"box.{kind}","id":"{ID}","status":"{sent}","box":null}}'
        prints(f"{verb} without a box", [verb, ID], {route: ok(body, 202)},
               f'{{"id":"{ID}","status":"{shown}","box":null}}')


def fork_is_one_object_that_is_also_a_ready_line():
    copy = "bx_k3m9qwzt"
    body = f'{{"ok":true,"type":"box.forking","id":"{copy}","status":"forking","box":{box_json("cloning", copy)}}}'
    ready = box_json("ready", copy)
    script({f"POST /boxes/{ID}/fork": ok(body, 202),
            f"GET /boxes/{copy}": ok(f'{{"ok":true,"type":"box.info","box":{ready}}}')})
    run = box("fork", ID, "--json")
    equal("fork: one line", len(run.out.splitlines()), 1)
    check("fork: begins as BoxActionResult",
          run.out.startswith(f'{{"id":"{copy}","status":"forking","box":{ready},"event":"ready"'), run.out)
    line = run.lines[-1]
    equal("fork: state", line["state"], "ready")
    equal("fork: ip", line["ip"], "203.0.113.10")
    equal("fork: commands", line["commands"]["ssh"], f"box ssh {copy}")
    equal("fork: stderr", run.err, "")
    prints("fork --no-wait", ["fork", ID, "--no-wait"], {f"POST /boxes/{ID}/fork": ok(body, 202)},
           f'{{"id":"{copy}","status":"forking","box":{box_json("cloning", copy)}}}')


def delete_has_id_and_status():
    prints("delete", ["delete", ID],
           {f"DELETE /boxes/{ID}": ok(f'{{"ok":true,"type":"box.deleted","id":"{ID}","status":"deleted"}}')},
           f'{{"id":"{ID}","status":"deleted"}}')


READY = (f'{{"event":"ready","id":"{ID}","state":"ready","url":"https://example-box.on.ascii.dev","ip":"203.0.113.10",'
         '"desktopUrl":"https://example-desktop.on.ascii.dev/stream.html?hostId=h&token=t0k",'
         '"archiveAfter":"2026-05-28T17:00:33.162Z",'
         f'"commands":{{"ssh":"box ssh {ID}","forward":"box forward {ID} --remote 3000 --local 3000"}}}}')


def state_line(word):
    return f'{{"event":"state","id":"{ID}","state":"{word}"}}'


def new_writes_created_states_and_ready():
    get, created = f"GET /boxes/{ID}", f'{{"event":"created","id":"{ID}","ttlSeconds":3600}}'
    prints("new", ["new"], {"POST /boxes": ok(CREATED, 202), get: ok(info("ready"))},
           created, state_line("provisioning"), state_line("ready"), READY)
    polls = [ok(info(state)) for state in ("provisioning", "provisioned", "provisioned", "ready")]
    prints("new through provisioned, which is ready for people", ["new"],
           {"POST /boxes": ok(CREATED, 202), get: polls},
           created, state_line("provisioning"), state_line("ready"), READY)
    prints("new --no-auto-stop", ["new", "--no-auto-stop", "--no-wait"],
           {"POST /boxes": ok(CREATED.replace('"ttlSeconds":3600', '"ttlSeconds":null'), 202)},
           f'{{"event":"created","id":"{ID}","ttlSeconds":null}}')
    equal("new --no-auto-stop: the request", server.seen[0].body, b'{"ttlSeconds":null}')
    prints("new --ttl where the server says nothing", ["new", "--ttl", "60", "--no-wait"],
           {"POST /boxes": ok(CREATED.replace('"ttlSeconds":3600,', ""), 202)},
           f'{{"event":"created","id":"{ID}","ttlSeconds":60}}')
    failed = info("error").replace('"name"', '"errorMessage":"no space left","name"')
    prints("new that fails", ["new"], {"POST /boxes": ok(CREATED, 202), get: ok(failed)},
           created, state_line("provisioning"), state_line("error"),
           f'{{"event":"error","error":"{ID} failed: no space left"}}', status=1)
    prints("new whose box is deleted meanwhile", ["new"],
           {"POST /boxes": ok(CREATED, 202), get: Answer(404, '{"error":"not_found"}')},
           created, state_line("provisioning"),
           f'{{"event":"error","error":"{ID} was deleted meanwhile"}}', status=1)
    prints("new that is refused", ["new"],
           {"POST /boxes": Answer(429, '{"error":"rate_limited","status":"blocked","message":"Slow down.",'
                                       '"maxCreationRequestsPerMinute":10}')},
           '{"event":"error","error":"Slow down.","code":"rate_limited","status":429}', status=1)


def new_flushes_created_before_it_waits():
    gate = threading.Event()
    script({"POST /boxes": ok(CREATED, 202), f"GET /boxes/{ID}": Answer(200, info("ready"), gate=gate)})
    process = subprocess.Popen(["box", "new", "--json"], env=environment(), stdout=subprocess.PIPE)
    assert process.stdout
    first = process.stdout.readline()
    gate.set()
    process.stdout.read()
    equal("created is flushed", first.decode(), f'{{"event":"created","id":"{ID}","ttlSeconds":3600}}\n')
    equal("created is flushed: exit status", process.wait(20), 0)


def login_complete_config_status_logout_version():
    me = '{"ok":true,"type":"user.info","user":{"login":"octocat","email":"octocat@example.com"}}'
    signed_out = {"BOX_API_KEY": None}
    prints("login", ["login", KEY], {"GET /me": ok(me)},
           '{"event":"login_complete","data":{"user":{"login":"octocat","email":"octocat@example.com"}}}',
           env=signed_out)
    equal("login: the header", server.seen[0].headers["authorization"], f"Bearer {KEY}")
    url = f'"apiUrl":"{server.origin}"'
    config = f'{{"path":"{CONFIG}",{url},"channel":null,"loggedIn":true}}'
    prints("config", ["config"], {}, config, env=signed_out)
    prints("status", ["status"], {"GET /me": ok(me)},
           f'{{"config":{config},"account":{{"identifier":"octocat@example.com","loginState":"logged_in",'
           '"user":{"login":"octocat","email":"octocat@example.com"}}}', env=signed_out)
    prints("status of a refused key", ["status"], {"GET /me": Answer(401, '{"error":"unauthorized"}')},
           f'{{"config":{config},"account":{{"identifier":null,"loginState":"invalid"}}}}', env=signed_out)
    prints("status of a server that never answers", ["status"], {"GET /me": Answer(0, then="silence")},
           f'{{"config":{config},"account":{{"identifier":null,"loginState":"unknown"}}}}', env=signed_out)
    prints("logout", ["logout"], {}, '{"event":"logout_complete"}', env=signed_out)
    prints("config after logout", ["config"], {},
           f'{{"path":"{CONFIG}",{url},"channel":null,"loggedIn":false}}', env=signed_out)
    prints("status after logout", ["status"], {},
           f'{{"config":{{"path":"{CONFIG}",{url},"channel":null,"loggedIn":false}},"account":null}}', env=signed_out)
    run = box("version", "--json")
    equal("version: its only field", list(run.lines[0]), ["version"])


def every_request_names_its_sender():
    script({f"POST /boxes/{ID}/stop": ok(f'{{"id":"{ID}","status":"archiving"}}', 202)})
    box("stop", ID, "--json")
    headers = server.seen[0].headers
    equal("authorization", headers["authorization"], f"Bearer {KEY}")
    equal("accept", headers["accept"], "application/json")
    check("user-agent", headers["user-agent"].startswith("box/"), headers["user-agent"])


info_shows_each_state_in_peoples_words()
list_has_boxes_page_info_and_self()
limits_have_every_field()
actions()
fork_is_one_object_that_is_also_a_ready_line()
delete_has_id_and_status()
new_writes_created_states_and_ready()
new_flushes_created_before_it_waits()
login_complete_config_status_logout_version()
every_request_names_its_sender()
finish()
