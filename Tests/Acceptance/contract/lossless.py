"""The output has everything that a server sends in a success: every field, in order, digit by digit."""

from harness import ID, finish, ok, prints
from lossless_values import ODD
from shapes import box_json

BOX = f'{box_json("ready")[:-1]},{ODD}}}'
PAGE = '"pageInfo":{"hasMore":false,"limit":200,"nextCursor":null,"total":1e400}'
ENVELOPE = '"ok":true,"type":"box.x"'
OUTSIDE = ODD.replace('"ok":true,"type":"large",', "")


def with_and_without_an_envelope(name, arguments, route, members, shown=None):
    for where, body in [("first", f"{{{ENVELOPE},{members}}}"), ("last", f"{{{members},{ENVELOPE}}}"),
                        ("missing", f"{{{members}}}")]:
        prints(f"{name}, envelope {where}", arguments, {route: ok(body)}, f"{{{shown or members}}}")


with_and_without_an_envelope("info", ["info", ID], f"GET /boxes/{ID}", f'{OUTSIDE},"box":{BOX},"after":1e400')
with_and_without_an_envelope("rename", ["rename", ID, "n"], f"PATCH /boxes/{ID}", f'"box":{BOX},{OUTSIDE}')
with_and_without_an_envelope("extend", ["extend", ID, "--ttl", "9"], f"PATCH /boxes/{ID}", f'"box":{BOX}')
with_and_without_an_envelope("limits", ["limits"], "GET /limits", OUTSIDE)
with_and_without_an_envelope("delete", ["delete", ID], f"DELETE /boxes/{ID}",
                             f'{OUTSIDE},"id":"{ID}","status":"deleted"')
for verb in ("stop", "resume", "interrupt"):
    with_and_without_an_envelope(verb, [verb, ID], f"POST /boxes/{ID}/{verb}",
                                 f'{OUTSIDE},"status":"s","box":{BOX},"id":"{ID}"')
SELF = BOX[:-1] + ',"self":false}'
for name, before, after in [("pageInfo last", "", f",{PAGE}"), ("pageInfo first", f"{PAGE},", ""),
                            ("between others", f"{OUTSIDE},", ',"last":0')]:
    with_and_without_an_envelope(f"list, {name}", ["list"], "GET /boxes", f'{before}"boxes":[{BOX}]{after}',
                                 f'{before}"boxes":[{SELF}]{after}')
with_and_without_an_envelope("list with a self of the server", ["list"], "GET /boxes",
                             f'"boxes":[{{"self":"x","id":"{ID}"}}]', f'"boxes":[{{"self":false,"id":"{ID}"}}]')
prints("spelled with escapes and white space, written without", ["info", ID],
       {f"GET /boxes/{ID}": ok('{ "box" : {"id":"x","\\u0061":"\\u00e9\\/\\ud83d\\ude00\\b\\f" } }\n')},
       '{"box":{"id":"x","a":"é/\U0001F600\\u0008\\u000c"}}')
user = f'{{"login":"o",{ODD}}}'
prints("login", ["login", "box_x"], {"GET /me": ok(f'{{"ok":true,"user":{user}}}')},
       f'{{"event":"login_complete","data":{{"user":{user}}}}}')
finish()
