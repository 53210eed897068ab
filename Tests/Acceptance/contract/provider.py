"""`box provider`: passes on the server's objects, and sends the API key to the server only."""

import json
import os
import pathlib

from harness import Answer, box, check, equal, error_line, finish, ok, prints, script, server

SECRET = "sk-contract-0123456789"
SET = "PUT /providers/codex"


def setup(name="codex", configured=True):
    values = '"keyLastFour":"6789","baseUrl":null,"model":"gpt-5.5","reasoningEffort":null,"updatedAt":null,"later":1e400'
    return (f'{{"provider":"{name}","configured":{json.dumps(configured)},"isDefault":true,{values}}}')


def updated(name="codex"):
    return ok(f'{{"ok":true,"type":"provider.updated","provider":{setup(name)}}}')


def objects_are_passed_on():
    both = f'"providers":[{setup()},{setup("claude-code", False)}]'
    prints("provider list", ["provider", "list"],
           {"GET /providers": ok(f'{{"ok":true,"type":"providers.list",{both}}}')}, f"{{{both}}}")
    prints("provider set", ["provider", "set", "codex"], {SET: updated()}, f'{{"provider":{setup()}}}', stdin=SECRET)
    prints("provider remove", ["provider", "remove", "claude"],
           {"DELETE /providers/claude-code": ok('{"ok":true,"type":"provider.deleted","provider":"claude-code",'
                                                '"status":"deleted"}')},
           '{"provider":"claude-code","status":"deleted"}')


def keys_and_settings_that_are_sent():
    file = pathlib.Path(os.environ["HOME"], "provider-key")
    file.write_text(SECRET + "\n")
    for words, stdin, env, body in [
        ([], SECRET + "\r\n", {}, {"apiKey": SECRET}),
        (["--key-file", str(file), "--default"], "", {}, {"apiKey": SECRET, "isDefault": True}),
        (["--key-env", "OPENAI_API_KEY"], "", {"OPENAI_API_KEY": SECRET}, {"apiKey": SECRET}),
        (["--model", "gpt-5.5", "--base-url", "http://10.0.0.5/v1"], "", {},
         {"baseUrl": "http://10.0.0.5/v1", "model": "gpt-5.5"}),
        (["--model", "", "--reasoning-effort", "low"], "", {}, {"model": None, "reasoningEffort": "low"}),
    ]:
        for mode in (["--json"], ["-v"]):
            script({SET: updated()})
            run = box("provider", "set", "codex", *words, *mode, env=env, stdin=stdin)
            name = " ".join(["provider set", *words, *mode])
            equal(f"{name}: sent", [json.loads(request.body) for request in server.seen], [body])
            equal(f"{name}: exit status", run.status, 0)
            check(f"{name}: the key is not shown", SECRET not in run.out + run.err, run.out + run.err)
    file.unlink()


def failures():
    prints("provider set without a key", ["provider", "set", "codex"], {},
           error_line("the API key is missing. give it on standard input, or with --key-file FILE or --key-env NAME"),
           status=1)
    prints("provider set of another", ["provider", "set", "nope"], {},
           error_line('invalid provider "nope". Use codex or claude.'), status=1)
    prints("provider set that is refused with the key in the words", ["provider", "set", "codex"],
           {SET: Answer(400, f'{{"error":"invalid_api_key","message":"{SECRET} is no key."}}')},
           error_line("… is no key.", "invalid_api_key", 400), status=1, stdin=SECRET)
    prints("provider remove of what is not set up", ["provider", "remove", "codex"],
           {"DELETE /providers/codex": Answer(404, '{"error":"not_found"}')},
           error_line("not found (404). codex is not set up. see what is with `box provider list`", "not_found", 404),
           status=1)
    script({})
    run = box("provider", "set", "codex", SECRET)
    equal("provider set with the key as an argument", [run.out, run.status, server.seen], ["", 2, []])
    check("provider set with the key as an argument: not repeated", SECRET not in run.err, run.err)


objects_are_passed_on()
keys_and_settings_that_are_sent()
failures()
finish()
