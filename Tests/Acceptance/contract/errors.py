"""Every documented error: each code in both bodies, with and without a message."""

import json
import os

from harness import ID, Answer, box, check, equal, error_line, finish, json_mode, prints, script
from shapes import LIMIT_FIELDS, box_json

NOT_FOUND = "not found (404). check the Box ID with `box list` (or use `current` if you created one in this shell)"
LOGIN = "log in with `box login KEY`, or set BOX_API_KEY"

# code, HTTP status, the message when the server sends none, exit status.
CODES = [
    ("unauthorized", 401, "unauthorized (401). log in with `box login KEY`", 4),
    ("forbidden", 403, "forbidden (403). this key may not do that", 4),
    ("billing_required", 402, "billing_required (HTTP 402)", 1),
    ("box_access_inactive", 402, "box_access_inactive (HTTP 402)", 1),
    ("not_found", 404, NOT_FOUND, 1),
    ("account_not_ready", 409, "account not ready. finish setting up the account in the dashboard", 1),
    ("resume_failed", 409, "resume_failed (HTTP 409)", 1),
    ("fork_failed", 409, "fork_failed (HTTP 409)", 1),
    ("provider_not_configured", 409, "provider_not_configured (HTTP 409)", 1),
    ("box_not_promptable", 409, "box_not_promptable (HTTP 409)", 1),
    ("prompt_required", 400, "prompt_required (HTTP 400)", 1),
    ("provider_required", 400, "provider_required (HTTP 400)", 1),
    ("machine_not_running", 400, "the box is not running", 1),
    ("desktop_not_ready", 400, "desktop_not_ready (HTTP 400)", 1),
    ("invalid_ssh_key", 400, "invalid_ssh_key (HTTP 400)", 1),
    ("invalid_name", 400, "invalid_name (HTTP 400)", 1),
    ("no_changes", 400, "no_changes (HTTP 400)", 1),
    ("invalid_json", 400, "invalid_json (HTTP 400)", 1),
    ("stop_failed", 400, "stop_failed (HTTP 400)", 1),
    ("rate_limited", 429, "rate limited. wait a minute and try again", 1),
    ("daily_limit_reached", 429, "daily_limit_reached (HTTP 429)", 1),
    ("limit_reached", 429, "limit_reached (HTTP 429)", 1),
    ("method_not_allowed", 405, "method not allowed. this server doesn't know the operation", 1),
    ("invalid_json_response", 500, "invalid_json_response (HTTP 500)", 1),
    ("stream_failed", 500, "stream_failed (HTTP 500)", 1),
    ("http_500", 500, "http_500 (HTTP 500)", 1),
    ("some_new_code", 418, "some_new_code (HTTP 418)", 1),
]

COMMANDS = [
    (["delete", ID], f"DELETE /boxes/{ID}"),
    (["info", ID], f"GET /boxes/{ID}"),
    (["stop", ID], f"POST /boxes/{ID}/stop"),
    (["resume", ID], f"POST /boxes/{ID}/resume"),
    (["fork", ID], f"POST /boxes/{ID}/fork"),
    (["interrupt", ID], f"POST /boxes/{ID}/interrupt"),
    (["rename", ID, "n"], f"PATCH /boxes/{ID}"),
    (["extend", ID, "--ttl", "60"], f"PATCH /boxes/{ID}"),
    (["ssh", ID, "true"], f"POST /boxes/{ID}/sshkey"),
    (["new"], "POST /boxes"),
    (["list"], "GET /boxes"),
    (["limits"], "GET /limits"),
]


def envelope(status, code, message=None, details=None):
    inner = {"code": code, "status": status}
    body = {"ok": False, "type": "box.error", "status": status, "code": code}
    if message is not None:
        body["message"] = inner["message"] = message
    if details is not None:
        inner["details"] = details
    return json.dumps(body | {"error": inner, "requestId": "req_1"})


def bare(code, message=None, **fields):
    return json.dumps({"error": code} | ({} if message is None else {"message": message}) | fields)


def words(code, status, message):
    """The message of the error line when the server sends `message`."""
    if code == "not_found":
        return NOT_FOUND
    return f"{message} {LOGIN}" if status == 401 else message


def every_code_in_both_bodies():
    message = "Ünusual \"quotes\", a\nnew line, \u2028 and \U0001F600."
    for code, status, meaning, exit_status in CODES:
        plain, spoken = error_line(meaning, code, status), error_line(words(code, status, message), code, status)
        for name, body, line in [
            ("envelope", envelope(status, code), plain),
            ("envelope, message", envelope(status, code, message), spoken),
            ("envelope, only inside", json.dumps({"ok": False, "error": {"code": code, "message": message}}), spoken),
            ("envelope, empty message", envelope(status, code, ""), plain),
            ("bare", bare(code), plain),
            ("bare, message", bare(code, message), spoken),
            ("bare, message null", f'{{"error":"{code}","message":null}}', plain),
            ("bare, message an object", f'{{"error":"{code}","message":{{"a":1}}}}', plain),
        ]:
            prints(f"{code}, {name}", ["delete", ID], {f"DELETE /boxes/{ID}": Answer(status, body)}, line,
                   status=exit_status)


def every_command_says_it_alike():
    for arguments, route in COMMANDS:
        prints(" ".join(arguments), arguments, {route: Answer(401, bare("unauthorized"))},
               error_line("unauthorized (401). log in with `box login KEY`", "unauthorized", 401), status=4)
        script({route: Answer(409, envelope(409, "account_not_ready", "Link GitHub first."))})
        run = box(*json_mode(arguments))
        equal(f"{arguments[0]}: a conflict", [run.out, run.err],
              [error_line("Link GitHub first.", "account_not_ready", 409) + "\n", ""])


def each_documented_form():
    secret = "s3cr3tvalue"
    billing = f"https://box.ascii.dev/dashboard?tab=billing&box_token={secret}"
    blocked = {**json.loads(f"{{{LIMIT_FIELDS}}}"), "status": "blocked", "billingUrl": billing}
    setup = f"https://box.ascii.dev/dashboard?tab=agents&_token={secret}"
    see_billing, see_setup = "https://box.ascii.dev/dashboard?tab=billing", "https://box.ascii.dev/dashboard?tab=agents"
    box_object = json.loads(box_json("cloning"))
    forms = []
    for code, status in [("billing_required", 402), ("box_access_inactive", 402), ("daily_limit_reached", 429),
                         ("limit_reached", 429)]:
        for body in (bare(code, "You are blocked.", **blocked), envelope(status, code, "You are blocked.", blocked)):
            forms.append((f"Blocked {code}", ["new"], "POST /boxes", status, body, code,
                          f"You are blocked. See {see_billing}"))
    for body in (bare("rate_limited", "Too fast.", status="blocked", maxCreationRequestsPerMinute=10),
                 envelope(429, "rate_limited", "Too fast.", {"maxCreationRequestsPerMinute": 10})):
        forms.append(("RateLimited", ["new"], "POST /boxes", 429, body, "rate_limited", "Too fast."))
    for body in (bare("provider_not_configured", "Locked.", provider="codex", setupUrl=setup),
                 envelope(409, "provider_not_configured", "Locked.", {"provider": "codex", "setupUrl": setup})):
        forms.append(("ProviderNotConfigured", ["interrupt", ID], f"POST /boxes/{ID}/interrupt", 409, body,
                      "provider_not_configured", f"Locked. See {see_setup}"))
    for body in (bare("box_not_promptable", "It is archived.", state="archived"),
                 envelope(409, "box_not_promptable", "It is archived.", {"state": "archived"})):
        forms.append(("BoxNotPromptable", ["interrupt", ID], f"POST /boxes/{ID}/interrupt", 409, body,
                      "box_not_promptable", "It is archived."))
    for shown in (None, box_object):
        for body in (bare("stop_failed", "It is cloning.", box=shown),
                     envelope(400, "stop_failed", "It is cloning.", {"box": shown})):
            forms.append(("StopFailed", ["stop", ID], f"POST /boxes/{ID}/stop", 400, body, "stop_failed",
                          "It is cloning."))
    for name, arguments, route, status, body, code, text in forms:
        prints(name, arguments, {route: Answer(status, body)}, error_line(text, code, status), status=1)
    for code, status, text in [("not_found", 404, NOT_FOUND), ("machine_not_running", 400, "Start it."),
                               ("invalid_ssh_key", 400, "Start it."), ("unauthorized", 401, f"Start it. {LOGIN}")]:
        script({f"POST /boxes/{ID}/sshkey": Answer(status, bare(code, "Start it.", success=False))})
        run = box("--json", "ssh", ID, "true")
        line = run.lines[-1]
        equal(f"SshKey {code}: one line", len(run.out.splitlines()), 1)
        equal(f"SshKey {code}: code and status", [line["event"], line["code"], line["status"]], ["error", code, status])
        check(f"SshKey {code}: words", line["error"].startswith(text.rstrip(".")), line["error"])
        equal(f"SshKey {code}: stderr and exit status", [run.err, run.status], ["", 4 if status == 401 else 255])


def dashboard_addresses_lose_their_secrets():
    secret = "s3cr3tvalue"
    for address, shown in [
        ("https://d.example/b", "https://d.example/b"),
        (f"https://d.example/b?box_token={secret}", "https://d.example/b"),
        (f"https://d.example/b?_token={secret}", "https://d.example/b"),
        (f"https://d.example/b?tab=billing&box_token={secret}", "https://d.example/b?tab=billing"),
        (f"https://d.example/b?box_token={secret}&tab=billing", "https://d.example/b?tab=billing"),
        (f"https://d.example/b?session={secret}", "https://d.example/b"),
        (f"https://d.example/b?BOX_TOKEN={secret}", "https://d.example/b"),
        (f"https://d.example/b?box%5Ftoken={secret}", "https://d.example/b"),
        (f"https://d.example/b?tab={secret}%26box_token%3D{secret}", "https://d.example/b"),
        (f"https://d.example/b#token={secret}", "https://d.example/b"),
        (f"https://d.example/b?tab=billing#{secret}", "https://d.example/b?tab=billing"),
        (f"https://user:{secret}@d.example/b", "https://d.example/b"),
    ]:
        for field in ("billingUrl", "setupUrl", "dashboardUrl"):
            for body in (bare("billing_required", "Pay.", **{field: address}),
                         envelope(402, "billing_required", "Pay.", {field: address})):
                run = prints(f"{field} {address}", ["stop", ID], {f"POST /boxes/{ID}/stop": Answer(402, body)},
                             error_line(f"Pay. See {shown}", "billing_required", 402), status=1)
                check(f"{field} {address}: no secret", secret not in run.out)
    for message, text in [
        (f"Pay at https://d.example/b?box_token={secret} now.", "Pay at https://d.example/b?box_token=… now."),
        (f"Open https://d.example/v?a=1&token={secret}&b=2", "Open https://d.example/v?a=1&token=…&b=2"),
        (f"Bad _token={secret}.", "Bad _token=…"),
    ]:
        prints(f"message {message}", ["stop", ID], {f"POST /boxes/{ID}/stop": Answer(402, bare("x", message))},
               error_line(text, "x", 402), status=1)


def people_get_words_on_stderr():
    for code, status, meaning, exit_status in CODES:
        script({f"DELETE /boxes/{ID}": Answer(status, bare(code))})
        run = box("delete", ID, "--yes", "--color", "never")
        equal(f"{code} for people: stdout and exit status", [run.out, run.status], ["", exit_status])
        equal(f"{code} for people: stderr", run.err.splitlines()[0], f"error: {meaning}")


def local_failures_have_neither_code_nor_status():
    prints("not logged in", ["list"], {}, error_line("not logged in. run `box login KEY`, or set BOX_API_KEY"),
           status=4, env={"BOX_API_KEY": None, "HOME": os.environ["HOME"] + "/nobody"})
    prints("an impossible id", ["info", "../me"], {}, error_line(NOT_FOUND), status=1)
    prints("an empty key", ["login", "  "], {}, error_line("the API key is empty"), status=1)
    prints("a key with a space", ["list"], {},
           error_line("the API key in BOX_API_KEY has characters that no key has. copy it again, as one word"),
           status=1, env={"BOX_API_KEY": "a b"})
    prints("no current box", ["info", "current"], {},
           error_line("no current box: none was created in this shell. name one of `box list`"), status=1)


every_code_in_both_bodies()
every_command_says_it_alike()
each_documented_form()
dashboard_addresses_lose_their_secrets()
people_get_words_on_stderr()
local_failures_have_neither_code_nor_status()
finish()
