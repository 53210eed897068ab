"""Commands, through the whole program."""

import os
import signal
import time
import unittest

from boxguest.launch import signal_name
from tests.support import IS_ROOT, USER, BoxTest, running


class CommandTest(BoxTest):
    def request(self, script, **fields):
        return {"operation": "run", "script": len(script), "timeout": 30, "limit": 1 << 20, **fields}

    def run_command(self, script, **fields):
        """The answer, and both outputs."""
        script = script.encode()
        header, output = self.call(self.request(script, **fields), script)
        self.assertEqual(len(output), header["stdout"] + header["stderr"])
        return header, output[: header["stdout"]], output[header["stdout"] :]


class EndTests(CommandTest):
    def test_an_answer(self):
        before = int(time.time() * 1000)
        header, stdout, stderr = self.run_command("echo out; echo err >&2; exit 3")
        self.assertEqual((stdout, stderr), (b"out\n", b"err\n"))
        started, finished = header.pop("startedAt"), header.pop("finishedAt")
        self.assertTrue(before <= started <= finished <= time.time() * 1000)
        self.assertEqual(
            header,
            {
                "exitCode": 3, "signal": None, "timedOut": False, "stdout": 4, "stderr": 4, "stdoutTruncated": False,
                "stderrTruncated": False, "cwd": self.home,
            },
        )  # fmt: skip

    def test_exit_codes(self):
        for script, code in {"true": 0, "false": 1, "exit 255": 255, "no-such-program-here": 127, "fi": 2}.items():
            header, _, _ = self.run_command(script)
            self.assertEqual((header["exitCode"], header["signal"], header["timedOut"]), (code, None, False), script)

    def test_signals(self):
        for name, number in {"KILL": 9, "TERM": 15, "SEGV": 11}.items():
            header, _, _ = self.run_command(f"ulimit -c 0; kill -{name} $$")
            self.assertEqual((header["exitCode"], header["signal"]), (128 + number, f"SIG{name}"))

    def test_names_of_signals(self):
        self.assertEqual((signal_name(signal.SIGHUP), signal_name(40)), ("SIGHUP", "signal 40"))

    def test_the_signals_that_python_ignores_are_not_ignored(self):
        _, stdout, _ = self.run_command("trap; yes | head -n 1; echo ${PIPESTATUS[0]}")
        self.assertEqual(stdout, b"y\n141\n")


class TimeoutTests(CommandTest):
    def test_a_command_that_takes_too_long(self):
        began = time.monotonic()
        header, stdout, _ = self.run_command("echo before; sleep 77.01 & sleep 77.01", timeout=0.5)
        self.assertEqual((header["exitCode"], header["signal"], header["timedOut"]), (124, None, True))
        self.assertEqual(stdout, b"before\n")
        self.assertLess(time.monotonic() - began, 5)
        # With its whole group.
        self.wait_until(lambda: not running("77.01"))

    def test_a_command_that_ignores_signals(self):
        header, _, _ = self.run_command("trap '' TERM INT HUP; while :; do sleep 0.1; done", timeout=0.3)
        self.assertTrue(header["timedOut"])

    def test_a_command_that_writes_without_end(self):
        header, stdout, stderr = self.run_command("yes & yes >&2", timeout=0.5, limit=1000)
        self.assertEqual((header["timedOut"], len(stdout), len(stderr)), (True, 1000, 1000))

    def test_a_caller_that_goes(self):
        script = b"echo here >started; sleep 77.02"
        call = self.start(self.request(script), script)
        self.wait_until(lambda: running("77.02"))
        call.leave()
        self.assertEqual(call.finish(), (1, b"", ""))
        self.wait_until(lambda: not running("77.02"))

    def test_a_caller_that_goes_at_once(self):
        for _ in range(5):
            script = b"sleep 77.03"
            call = self.start(self.request(script), script)
            call.leave()
            self.assertEqual(call.finish(), (1, b"", ""))
        self.assertEqual(running("77.03"), [])


class OutputTests(CommandTest):
    def test_limits(self):
        header, stdout, stderr = self.run_command("printf 12345; printf 123456 >&2", limit=5)
        self.assertEqual((stdout, stderr), (b"12345", b"12345"))
        self.assertEqual((header["stdoutTruncated"], header["stderrTruncated"]), (False, True))
        header, stdout, _ = self.run_command("echo x", limit=0)
        self.assertEqual((stdout, header["stdoutTruncated"]), (b"", True))

    def test_more_than_a_pipe_has(self):
        header, stdout, stderr = self.run_command("head -c 1000000 /dev/zero; head -c 400000 /dev/zero >&2")
        self.assertEqual((len(stdout), len(stderr)), (1_000_000, 400_000))
        self.assertFalse(header["stdoutTruncated"])

    def test_outputs_can_be_opened_by_name(self):
        _, stdout, stderr = self.run_command("echo one >/dev/stdout; echo two >/dev/stderr")
        self.assertEqual((stdout, stderr), (b"one\n", b"two\n"))

    def test_the_input_is_empty(self):
        self.assertEqual(self.run_command("cat; echo $?")[1], b"0\n")

    def test_what_is_left_in_the_background_may_go_on_writing(self):
        script = "(trap '' HUP; sleep 0.3; head -c 300000 /dev/zero && echo done >after) & echo now"
        header, stdout, _ = self.run_command(script)
        self.assertEqual((header["exitCode"], stdout), (0, b"now\n"))
        self.assertFalse(os.path.exists(f"{self.home}/after"))
        self.wait_until(lambda: os.path.exists(f"{self.home}/after"))

    def test_a_program_in_the_background_that_never_stops_writing(self):
        self.addCleanup(self.run_command, "kill $(cat yes.pid)")
        header, _, _ = self.run_command("yes & echo $! >yes.pid; sleep 0.2", limit=10)
        self.assertEqual((header["exitCode"], header["stdoutTruncated"]), (0, True))


class EnvironmentTests(CommandTest):
    def test_variables(self):
        header, stdout, _ = self.run_command(
            'echo "$HOME|$USER|$LOGNAME|$SHELL|$LANG|$A|$UID"', environment={"A": "b c", "UID": "7", "SHELLOPTS": "xtrace"}
        )
        self.assertEqual(stdout.decode(), f"{self.home}|user|user|/bin/bash|C.UTF-8|b c|{self.box.account.ids()[0]}\n")
        self.assertEqual(header["stderr"], 0)

    def test_a_variable_takes_the_place_of_ours(self):
        self.assertEqual(self.run_command("echo $HOME", environment={"HOME": "/tmp"})[1], b"/tmp\n")

    def test_the_shell_is_one_of_a_login(self):
        self.put(".bash_profile", b"export FROM_PROFILE=yes\n")
        self.assertEqual(self.run_command("shopt -q login_shell && echo $FROM_PROFILE")[1], b"yes\n")

    def test_arguments(self):
        _, stdout, _ = self.run_command('printf "%s," "$0" "$@"', arguments=["zero", "a b", "", "ä", "-c"])
        self.assertEqual(stdout.decode(), "zero,a b,,ä,-c,")

    def test_a_long_script(self):
        filler = "# " + "x" * 98 + "\n"
        for count in (999, 1000, 5000):
            _, stdout, stderr = self.run_command(filler * count + 'echo "$1" "${BASH_SUBSHELL}"; ls /proc/self/fd', arguments=["0", "one"])
            self.assertEqual((stdout.splitlines()[0], stderr), (b"one 0", b""), count)
            self.assertNotIn(b"9", stdout.splitlines()[1:])

    def test_a_session_of_its_own(self):
        self.assertEqual(self.run_command('[ $$ = $(ps -o sid= -p $$) ] && echo yes')[1], b"yes\n")

    @unittest.skipUnless(IS_ROOT, "needs root, to become another user")
    def test_the_user(self):
        uid, gid = self.box.account.ids()
        _, stdout, _ = self.run_command("id -un; id -u; id -g; umask; cat /proc/self/status")
        self.assertEqual(stdout.decode().splitlines()[:4], [USER, str(uid), str(gid), "0022"])
        self.assertIn(f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}", stdout.decode())


class DirectoryTests(CommandTest):
    def test_where_a_command_runs(self):
        os.mkdir(f"{self.home}/sub")
        self.link("sub", "link")
        for cwd, expected in {None: "", "": "", "~": "", "sub": "/sub", "link": "/sub", "sub/..": "", "~/sub/": "/sub"}.items():
            header, stdout, _ = self.run_command("pwd", cwd=cwd)
            self.assertEqual((header["cwd"], stdout.decode()), (self.home + expected, self.home + expected + "\n"), cwd)
        self.assertEqual(self.run_command("pwd", cwd=self.temporary)[0]["cwd"], self.temporary)

    def test_where_it_can_not_run(self):
        self.put("file")
        self.link("/etc", "link")
        for cwd, part in {
            "missing": 'cwd "missing": no such file or directory',
            "file": 'cwd "file": not a directory',
            "link": "path leads out of",
            "/": "path leads out of",
            "a\0b": "1 to 4000 bytes",
        }.items():
            code, message = self.refused(self.request(b"true", cwd=cwd), b"true")
            self.assertEqual(code, "invalid_path")
            self.assertIn(part, message)
