"""Uses `box ssh` on a real pseudo-terminal: vim, top, a resize, Ctrl-C, Ctrl-Z, 10 MB of `yes`, and a lost connection.

Usage: terminal.py BOX; runs `box ssh BOX` and fails with the screen's contents.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

SECONDS = 30


class Screen:
    def __init__(self, *arguments):
        self.seen = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            # Swift's own crash handler would ask questions on the terminal.
            os.environ.update(TERM="xterm-256color", SWIFT_BACKTRACE="enable=no")
            # The surrounding shell prints the terminal's modes after box has ended.
            os.execvp("sh", ["sh", "-c", '"$@"; echo "[status $?]"; stty -a | grep -o "[-]*icanon\\|[-]*echo "; echo "[end]"', "sh",
                             *arguments])
        self.resize(24, 80)

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read(self, wait):
        if not select.select([self.terminal], [], [], wait)[0]:
            return b""
        try:
            return os.read(self.terminal, 1 << 20)
        except OSError:
            return b""

    def expect(self, pattern):
        """Reads until the pattern matches, and drops the output up to its end."""
        end = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            if time.monotonic() > end:
                sys.exit(f"terminal: no {pattern} in {self.seen[-2000:]!r}")
            self.seen += self.read(0.2)
        self.seen = self.seen[found.end():]
        return found

    def ends(self, status):
        found = self.expect(rb"\[status (\d+)\](.*)\[end\]")
        assert int(found[1]) == status, (found[1], status)
        words = found[2].split()
        assert b"icanon" in words and b"echo" in words, f"the terminal is not as it was: {found[2]!r}"
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def programs(box):
    screen = Screen("box", "ssh", box)
    screen.expect(rb"\$ ")
    screen.type("export PS1='READ''Y> '\r")
    screen.expect(rb"READY> ")

    # vim uses the alternate screen, reads single keys, and restores the first screen.
    vim = subprocess.run(["box", "ssh", box, "command -v vim || command -v vi"], capture_output=True, text=True).stdout.strip()
    if vim:
        screen.type(f"{vim} note\r")
        screen.expect(rb"note")
        screen.type("ihello from vim\x1b:wq\r")
        screen.expect(rb"READY> ")
        screen.type("cat note\r")
        screen.expect(rb"hello from vim\r\n")
    else:
        print("terminal: the image has no vim; an editor that reads keys in raw mode stands for it")
        screen.type("python3 -c 'import sys,tty; tty.setraw(0); print(repr(sys.stdin.read(3)))'; stty sane\r")
        time.sleep(1)
        screen.type("\x1b\x03x")
        screen.expect(rb"'\\x1b\\x03x'")

    # top draws again in the new size.
    screen.resize(40, 120)
    screen.type("stty size; top -d 0.2\r")
    screen.expect(rb"40 120\r\n")
    screen.expect(rb"load average")
    screen.resize(30, 100)
    screen.expect(rb"load average")
    screen.type("q")
    screen.expect(rb"READY> ")
    screen.type("stty size\r")
    screen.expect(rb"30 100\r\n")

    screen.type("sleep 1000\r")
    time.sleep(0.5)
    screen.type("\x03echo after=$?\r")
    screen.expect(rb"after=130\r\n")

    screen.type("sleep 1000\r")
    time.sleep(0.5)
    screen.type("\x1a")
    screen.expect(rb"Stopped")
    screen.type("kill %1; wait; echo resumed\r")
    screen.expect(rb"resumed\r\n")

    screen.type("yes 123456789 | head -c 10000000; echo; echo count''ed\r")
    count = 0
    end = time.monotonic() + 60
    tail = screen.seen
    screen.seen = b""
    while b"counted" not in tail:
        assert time.monotonic() < end, f"only {count} bytes of yes"
        more = screen.read(1)
        count += more.count(b"1")
        tail = tail[-100:] + more
    assert count >= 1_000_000, f"{count} lines of 1000000"

    screen.type("exit 9\r")
    screen.ends(9)


def lost(box):
    screen = Screen("box", "ssh", box)
    screen.expect(rb"\$ ")
    subprocess.run(["box", "ssh", box, "sudo pkill -KILL -f '^sshd: user@pts'"], capture_output=True)
    screen.expect(rb"was lost")
    screen.ends(255)


def tilde(box):
    screen = Screen("box", "ssh", box)
    screen.expect(rb"\$ ")
    screen.type("\r~.")
    screen.ends(255)


def killed(box, number):
    screen = Screen("box", "ssh", box)
    screen.expect(rb"\$ ")
    children = subprocess.run(["pgrep", "-P", str(screen.pid), "-x", "box"], capture_output=True, text=True).stdout.split()
    os.kill(int(children[0]), number)
    screen.ends(128 + number)


if __name__ == "__main__":
    programs(sys.argv[1])
    lost(sys.argv[1])
    tilde(sys.argv[1])
    for each in (signal.SIGTERM, signal.SIGQUIT, signal.SIGSEGV):
        killed(sys.argv[1], each)
