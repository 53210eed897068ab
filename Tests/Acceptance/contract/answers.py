"""Responses that aren't the API's, and servers that can't be reached."""

import json
import socket
import threading

from harness import ID, Answer, box, check, equal, error_line, finish, json_mode, ok, prints, script, server
from shapes import info

# A DELETE is sent once, so no retry takes time.
DELETE = f"DELETE /boxes/{ID}"
EMPTY_END = "it is not JSON (unexpected end of JSON at byte"


def refused(name, answer, reason, status=1):
    """The response can't be used, and the error line says why, without a code."""
    message = f"the answer of the Box API at {server.origin} (HTTP {answer.status}) can't be used: {reason}"
    prints(name, ["delete", ID], {DELETE: answer}, error_line(message), status=status)


def answers_that_are_not_the_apis():
    html = "<!DOCTYPE html><html><body>It works!</body></html>"
    not_json = "it is not JSON (expected a JSON value at byte 0)"
    for status in (200, 202, 400, 500, 501, 502, 503, 504):
        refused(f"HTML with {status}", Answer(status, html, "text/html"), not_json)
        refused(f"nothing with {status}", Answer(status, ""), "it is empty")
        refused(f"an array with {status}", Answer(status, "[]"), "it is not a JSON object")
        refused(f"a number with {status}", Answer(status, "1e400"), "it is not a JSON object")
        refused(f"a string with {status}", Answer(status, '"error"'), "it is not a JSON object")
        refused(f"null with {status}", Answer(status, "null"), "it is not a JSON object")
        refused(f"half an object with {status}", Answer(status, '{"ok":true,"id":'), f"{EMPTY_END} 16)")
        refused(f"two objects with {status}", Answer(status, '{"ok":true}{"ok":true}'),
                "it is not JSON (unexpected text after the JSON value at byte 11)")
        refused(f"bytes that aren't UTF-8 with {status}", Answer(status, b'{"id":"\xff"}'),
                "it is not JSON (a string that is not UTF-8 at byte 8)")
        refused(f"a byte order mark with {status}", Answer(status, b'\xef\xbb\xbf{"ok":true}'), not_json)
        refused(f"nested too deep with {status}", Answer(status, "[" * 100000),
                "it is not JSON (nesting deeper than 512 levels at byte 512)")
        refused(f"white space with {status}", Answer(status, " \n"), f"{EMPTY_END} 2)")
    refused("HTML with 401", Answer(401, html, "text/html"), not_json, status=4)
    refused("HTML with 403", Answer(403, html, "text/html"), not_json, status=4)
    prints("half the headers", ["delete", ID], {DELETE: Answer(200, raw=b"HTTP/1.1 200 OK\r\nContent-Le")},
           error_line(f"could not reach the Box API at {server.origin}: the connection ended in the answer's headers"), status=1)
    refused("a 204", Answer(204, ""), "it is empty")
    script({DELETE: Answer(404, html, "text/html")})
    run = box("delete", ID, "--json")
    check("HTML with 404: no code", set(run.lines[-1]) == {"event", "error"}, run.out)
    check("HTML with 404: the number is in the words", "404" in run.lines[-1]["error"], run.out)


def redirects_are_not_followed():
    for status in (301, 302, 303, 307, 308):
        place = "https://elsewhere.example/login"
        for target in (place, f"{place}?token=s3cr3t", f"{place}#s3cr3t"):
            refused(f"a {status} to {target}", Answer(status, "", headers=[f"Location: {target}"]),
                    f"it is a redirect to {place}, and redirects are not followed")
            check(f"a {status}: the key went nowhere else", len(server.seen) == 1)


def successes_of_another_shape():
    for arguments, route, reason in [
        (["info", ID], f"GET /boxes/{ID}", "it has no box"),
        (["list"], "GET /boxes", "it has no list of boxes"),
        (["stop", ID], f"POST /boxes/{ID}/stop", "it has no box id"),
        (["resume", ID], f"POST /boxes/{ID}/resume", "it has no box id"),
        (["fork", ID], f"POST /boxes/{ID}/fork", "it has no box id"),
        (["new"], "POST /boxes", "it has no box id"),
        (["rename", ID, "n"], f"PATCH /boxes/{ID}", "it has no box"),
    ]:
        for body in ('{"ok":true}', '{"ok":true,"id":7,"box":"x","boxes":{}}', "{}"):
            script({route: ok(body)})
            run = box(*json_mode(arguments))
            expected = f"the answer of the Box API at {server.origin} (HTTP 200) can't be used: {reason}"
            equal(f"{arguments[0]} of {body}", [run.out, run.err, run.status], [error_line(expected) + "\n", "", 1])


def what_is_odd_but_fine():
    body = '{"ok":true,"id":"x","status":"deleted"}'
    shown = '{"id":"x","status":"deleted"}'
    for name, answer in [
        ("text/plain", Answer(200, body, "text/plain")),
        ("text/html", Answer(200, body, "text/html")),
        ("no content type", Answer(200, body, None)),
        ("a status of 201", Answer(201, body)),
        ("a 100 before it", Answer(200, body, interim=b"HTTP/1.1 100 Continue\r\n\r\n")),
        ("a 103 before it", Answer(200, body, interim=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
        ("two 102s before it", Answer(200, body, interim=b"HTTP/1.1 102 Processing\r\n\r\n" * 2)),
        ("white space around it", Answer(200, f"\n  {body}\r\n")),
        ("HTTP/1.0 without a length", Answer(200, raw=f"HTTP/1.0 200 OK\r\n\r\n{body}".encode())),
        ("no reason phrase", Answer(200, raw=f"HTTP/1.1 200\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())),
    ]:
        prints(name, ["delete", ID], {DELETE: answer}, shown)
    parts = [b'{"ok":true,', b'"id":"x",', b'"status":"deleted"}']
    whole = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + whole
    prints("in chunks", ["delete", ID], {DELETE: Answer(200, raw=raw)}, shown)


def unreachable(name, run_arguments, origin, reason, *, exactly=True, env=None):
    run = box(*json_mode(run_arguments), env=env)
    text = run.lines[-1]["error"] if run.out else ""
    begin = f"could not reach the Box API at {origin}: "
    check(f"{name}: words", text.startswith(begin), run.out)
    check(f"{name}: libcurl's reason", text == begin + reason if exactly else reason in text, text)
    equal(f"{name}: fields", list(run.lines[-1]), ["event", "error"])
    equal(f"{name}: one line, quiet stderr, exit status", [len(run.lines), run.err, run.status], [1, "", 1])


def answers_that_are_cut_short():
    for name, answer, reason in [
        ("Content-Length too large", Answer(200, '{"ok":true}', declared=99), "88 bytes remaining"),
        ("chunks cut off", Answer(200, chunks=[b'{"ok":', b'true}']), "outstanding read data remaining"),
        ("a whole object in chunks without an end", Answer(200, chunks=[b'{"ok":true}']), "outstanding read data"),
        ("half a status line", Answer(200, raw=b"HTTP/1.1 20"), ""),
        ("no answer", Answer(200, raw=b""), "Empty reply from server"),
        ("not HTTP", Answer(200, raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "HTTP/0.9"),
        ("a reset", Answer(0, then="reset"), "reset by peer"),
    ]:
        script({DELETE: answer})
        unreachable(name, ["delete", ID], server.origin, reason, exactly=False)
        equal(f"{name}: a delete is sent once", len(server.seen), 1)


def reads_are_tried_again():
    for name, answer in [
        ("502", Answer(502, "<html>", "text/html")), ("503", Answer(503, '{"error":"unavailable"}')),
        ("504", Answer(504, "")), ("a reset", Answer(0, then="reset")), ("no answer", Answer(0, raw=b"")),
        ("half an answer", Answer(200, '{"ok"', declared=99)),
    ]:
        prints(f"{name}, then the box", ["info", ID],
               {f"GET /boxes/{ID}": [answer, ok(info("init"))]},
               f'{{"box":{info("init").split(":", 3)[3][:-1]}}}')
        equal(f"{name}: two tries", len(server.seen), 2)


def close_each(listener, count):
    for _ in range(count):
        listener.accept()[0].close()


def hosts_that_cannot_be_reached():
    where = "Failed to connect to 127.0.0.1 port 9"
    unreachable("port 9", ["list"], "http://127.0.0.1:9", where, exactly=False,
                env={"BOX_API_URL": "http://127.0.0.1:9"})
    run = box("list", "--json", "--api-url", "http://127.0.0.1:9/api/box/v1/")
    check("port 9 by --api-url", "could not reach the Box API at http://127.0.0.1:9: " in run.out, run.out)
    unreachable("no such host", ["list"], "https://nowhere.invalid", "Could not resolve host: nowhere.invalid",
                env={"BOX_API_URL": "https://nowhere.invalid"})
    tls = server.origin.replace("http", "https")
    script({})
    for _ in range(20):  # The end of a process that has a TLS library running is a race, which has to be won every time.
        unreachable("TLS to a plain port", ["list"], tls, "wrong version number", exactly=False, env={"BOX_API_URL": tls})
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=close_each, args=(listener, 8), daemon=True).start()
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    unreachable("closed at once", ["delete", ID], origin, "", exactly=False, env={"BOX_API_URL": origin})
    for url, reason in [("ascii.dev", "it has no http:// or https://"), ("ftp://x", "its scheme is not http or https"),
                        ("http://x/y", "it has a path"), ("http://u:s3cr3t@x", "it has a user name"),
                        ("http://x:99999", "its port is not a number from 1 to 65535")]:
        run = box("list", "--json", env={"BOX_API_URL": url})
        check(f"{url}: words", reason in run.lines[-1]["error"], run.out)
        check(f"{url}: no secret", "s3cr3t" not in run.out)
        equal(f"{url}: fields, stderr, exit status", [list(json.loads(run.out)), run.err, run.status],
              [["event", "error"], "", 1])


answers_that_are_not_the_apis()
redirects_are_not_followed()
successes_of_another_shape()
what_is_odd_but_fine()
answers_that_are_cut_short()
reads_are_tried_again()
hosts_that_cannot_be_reached()
finish()
