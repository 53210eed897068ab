"""Prompts boxes whose agents use a fake of their providers, and compares clocks: prompts.py RUNS BOX..."""

import json
import math
import statistics
import subprocess
import sys
import threading
import time

STREAM = "[[stream 20 words 0.05]]"
FIGURES = {
    "first": "first piece sent to first partial line",
    "answer": "last piece sent to the answer's line",
    "finished": "answer's line to finished",
    "begin": "box prompt started to the agent's first request",
}


def prompt(box, provider, text):
    """Runs one prompt. Returns the fake's log of it, and the lines of standard output with their times of arrival."""
    known = len(log(box))
    begun = time.time()
    process = subprocess.Popen(["box", "prompt", "--json", "--provider", provider, box, text], stdout=subprocess.PIPE)
    assert process.stdout
    lines = [(time.time(), json.loads(line)) for line in process.stdout]
    if process.wait() != 0:
        raise SystemExit(f"the prompt failed: {lines[-1][1]}")
    return begun, log(box)[known:], lines


def log(box):
    said = subprocess.run(["box", "exec", box, "--", "cat models.log 2>/dev/null || true"], stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def measure(box, provider, text):
    """Milliseconds."""
    begun, sent, lines = prompt(box, provider, text)
    pieces = [line["at"] for line in sent if line["event"] == "delta"]
    texts = [
        (at, line["final"]) for at, line in lines
        if line["event"] == "chat" and line["data"]["type"] == "response" and line["data"]["data"]["content"].startswith("word-1 ")
    ]
    answer = next(at for at, is_final in texts if is_final)
    figures = {
        "begin": next(line["at"] for line in sent if line["event"] == "request" and line.get("protocol")) - begun,
        "answer": answer - pieces[-1],
        "finished": lines[-1][0] - answer,
    }
    if provider == "claude":
        figures["first"] = texts[0][0] - pieces[0]
    return {name: 1000 * value for name, value in figures.items()}


def show(title, results):
    print(title, flush=True)
    for name, words in FIGURES.items():
        values = sorted(result[name] for result in results if name in result)
        if values:
            p95 = values[math.ceil(0.95 * len(values)) - 1]
            figures = f"median {statistics.median(values):7.1f}  p95 {p95:7.1f}  max {values[-1]:7.1f} ms  (n = {len(values)})"
            print(f"  {words:<48} {figures}", flush=True)


def at_once(boxes, work):
    results = []
    threads = [threading.Thread(target=lambda box=box: results.append(work(box))) for box in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) < len(boxes):
        raise SystemExit("a prompt failed")
    return results


def main():
    runs, boxes = int(sys.argv[1]), sys.argv[2:]
    for provider in ("claude", "codex"):
        measure(boxes[0], provider, STREAM)
        show(f"{provider}, one at a time", [measure(boxes[0], provider, STREAM) for _ in range(runs)])
    for provider in ("claude", "codex"):
        results: list[dict[str, float]] = []
        while len(results) < runs:
            results += at_once(boxes, lambda box, provider=provider: measure(box, provider, f"[[steps 50]] {STREAM}"))
        show(f"{provider}, {len(boxes)} boxes at once, after 50 tool calls each", results)


if __name__ == "__main__":
    main()
