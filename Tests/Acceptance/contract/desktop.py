"""`box desktop`: URLs that contain secrets, complete in JSON mode."""

from harness import ID, Answer, box, check, equal, error_line, finish, ok, prints, script, server

ROUTE = f"POST /boxes/{ID}/desktop"
STREAM = '"desktopUrl":"https://example-desktop.on.ascii.dev/stream.html?hostId=h&token=t0k"'
VIEWER = '"viewerUrl":"https://box.ascii.dev/viewer?id=x&_token=t0k"'
VNC = '"desktopUrl":"https://example-desktop.on.ascii.dev/vnc.html?path=ws&_token=t0k"'
PROVISIONING = '{"ok":true,"type":"desktop.provisioning","success":true,"provisioning":true,"message":"Wait."}'


def addresses():
    for ip in ('"203.0.113.10"', "null"):
        members = f'"success":true,{STREAM},{VIEWER},"ip":{ip},"later":1e400'
        prints(f"desktop with the ip {ip}", ["desktop", ID],
               {ROUTE: ok(f'{{"ok":true,"type":"desktop.url",{members}}}')}, f"{{{members}}}")
        check("desktop: no vnc asked for", "vnc" not in server.seen[-1].parameters, server.seen[-1].query)
    prints("desktop --vnc", ["desktop", ID, "--vnc"],
           {ROUTE: ok(f'{{"ok":true,"type":"desktop.url",{VNC},"mode":"vnc"}}')}, f'{{{VNC},"mode":"vnc"}}')
    equal("desktop --vnc: the query", server.seen[-1].parameters.get("vnc"), "1")
    prints("desktop that has to be started", ["desktop", ID],
           {ROUTE: [ok(PROVISIONING), ok(PROVISIONING),
                    ok(f'{{"ok":true,"success":true,{STREAM},{VIEWER},"ip":null}}')]},
           f'{{"success":true,{STREAM},{VIEWER},"ip":null}}')


def failures():
    for code in ("desktop_not_ready", "machine_not_running"):
        script({ROUTE: Answer(400, f'{{"error":"{code}","message":"Start it."}}')})
        run = box("desktop", ID, "--timeout", "1", "--json")
        line = run.lines[-1]
        equal(f"desktop: {code}", [len(run.lines), line["code"], line["status"], run.err, run.status],
              [1, code, 400, "", 1])
        check(f"desktop: {code}: words", "Start it." in line["error"], line["error"])
    prints("desktop: unauthorized", ["desktop", ID], {ROUTE: Answer(401, '{"error":"unauthorized"}')},
           error_line("unauthorized (401). log in with `box login KEY`", "unauthorized", 401), status=4)


addresses()
failures()
finish()
