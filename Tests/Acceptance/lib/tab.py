"""Types a line into a real shell on a pseudo-terminal, presses Tab, and prints the completed words, one a line.

Usage: tab.py bash|zsh|fish SETUP LINE

SETUP is a line of that shell that loads the completion. The shell itself prints the words: before Enter, `words` is
inserted at the start of the line. It is a function that prints its arguments between marks.
"""

import os
import pty
import re
import select
import sys
import time

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='READ''Y> '", "words() { printf '@@%s@@\\n' \"$@\"; echo DO''NE; }"),
    "zsh": (["zsh", "-f", "-i"], "PS1='READ''Y> '", "words() { printf '@@%s@@\\n' \"$@\"; echo DO''NE; }"),
    "fish": (
        ["fish", "--no-config", "-i"],
        "function fish_prompt; printf 'READ''Y> '; end",
        "function words; printf '@@%s@@\\n' $argv; echo DO''NE; end",
    ),
}
SECONDS = 30


def read_until(terminal, text):
    """The shell's output up to that text."""
    end, seen = time.monotonic() + SECONDS, b""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            sys.exit(f"tab: no {text!r} within {SECONDS} s; seen: {seen!r}")
        seen += os.read(terminal, 65536)
    return seen


def main(shell, setup, line):
    arguments, prompt, words = SHELLS[shell]
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm", LC_ALL="C.UTF-8", EDITOR="ed")
        os.environ.pop("VISUAL", None)
        os.execvp(arguments[0], arguments)
    os.write(terminal, f"{prompt}; {words}; {setup}\r".encode())
    read_until(terminal, b"READY> ")
    # Ctrl-A moves to the start of the line in each of the shells. Keys are processed in order, so no wait is needed.
    os.write(terminal, line.encode() + b"\t\x01words \r")
    seen = read_until(terminal, b"DONE").decode(errors="replace")
    os.write(terminal, b"\x15exit\r")
    os.close(terminal)
    os.waitpid(process, 0)
    print("\n".join(re.findall(r"@@([^@%]*)@@", seen)))


if __name__ == "__main__":
    main(*sys.argv[1:])
