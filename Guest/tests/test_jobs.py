"""Jobs and their supervisors, through the whole program."""

import json
import os
import signal
import socket
import time
import unittest

from tests.support import IS_ROOT, USER, JobTest, below, is_alive, kill, running, supervisor_of

NORMAL = {"exitCode": 0, "signal": None, "reason": None, "outOfMemory": False, "stderr": ""}


class RecordTests(JobTest):
    def test_lines_and_the_outcome(self):
        lines, outcome = self.run_job("echo one; echo; printf 'a\\0b\\nlast'; echo oops >&2")
        self.assertEqual((lines, outcome), ([b"one", b"", b"a\0b", b"last"], {**NORMAL, "stderr": "oops\n"}))

    def test_ends(self):
        for number, (script, expected) in enumerate(
            {
                "exit 7": {"exitCode": 7},
                "kill -KILL $$": {"exitCode": None, "signal": "SIGKILL"},
                "exec /no/such": {"exitCode": 127},
            }.items()
        ):
            _, outcome = self.run_job(script, name=f"job{number}")
            self.assertEqual({**outcome, "stderr": ""}, {**NORMAL, **expected}, script)

    def test_the_records_come_from_the_beginning_as_often_as_they_are_asked_for(self):
        self.start_job("echo one; echo two")
        first = self.records()
        self.assertEqual([kind for kind, _ in first], [b"o", b"o", b"e"])
        self.assertEqual(self.records(), first)

    def test_a_line_comes_when_it_is_printed(self):
        self.start_job("echo first; until [ -e go ]; do sleep 0.02; done; echo second; sleep 60")
        followers = [self.follow(), self.follow()]
        for follower in followers:
            self.assertEqual(follower.process.stdout.readline(), b"ofirst\n")
        self.put("go")
        for follower in followers:
            self.assertEqual(follower.process.stdout.readline(), b"osecond\n")

    def test_secrets(self):
        lines, outcome = self.run_job(
            'echo "a $KEY b $KEY"; echo "$OPEN"; echo "$KEY" >&2; echo "$KEY" | rev',
            environment={"KEY": "s3cret", "OPEN": "shown"}, secrets=["KEY"], redaction="[redacted]",
        )  # fmt: skip
        self.assertEqual(lines, [b"a [redacted] b [redacted]", b"shown", b"terc3s"])
        self.assertEqual(outcome["stderr"], "[redacted]\n")

    def test_the_end_of_standard_error(self):
        _, outcome = self.run_job("seq 10000 >&2; printf '\\xff' >&2")
        self.assertEqual(len(outcome["stderr"]), 4000)
        self.assertTrue(outcome["stderr"].endswith("\n9999\n10000\n\ufffd"))

    def test_much_output(self):
        lines, outcome = self.run_job("seq 300000")
        self.assertEqual((len(lines), lines[-1], outcome), (300_000, b"300000", NORMAL))


class LaunchTests(JobTest):
    def test_arguments_input_and_environment(self):
        lines, _ = self.run_job(
            'cat; echo "$0|$1|$2"; echo "$A $HOME"', arguments=['cat; echo "$0|$1|$2"; echo "$A $HOME"', "zero", "a b", "ä"],
            environment={"A": "x y"}, payload=b"in\nput\n",
        )  # fmt: skip
        self.assertEqual(lines, [b"in", b"put", "zero|a b|ä".encode(), f"x y {self.home}".encode()])

    def test_the_directory(self):
        os.mkdir(f"{self.home}/here")
        self.put("file")
        for number, (directories, expected) in enumerate(
            [([], ""), (["missing", "/etc", "file", "here", "~"], "/here"), (["/", "a\0b"], "")]
        ):
            lines, _ = self.run_job("pwd", name=f"job{number}", folders=directories)
            self.assertEqual(lines, [f"{self.home}{expected}".encode()])

    def test_the_kernel_ends_it_before_other_programs(self):
        self.assertEqual(self.run_job("cat /proc/self/oom_score_adj")[0], [b"500"])

    @unittest.skipUnless(IS_ROOT, "needs root, to become another user")
    def test_the_user(self):
        self.assertEqual(self.run_job("id -un")[0], [USER.encode()])

    @unittest.skipUnless(IS_ROOT, "needs root, to become another user")
    def test_only_root_reaches_the_supervisor(self):
        self.start_job("sleep 60")
        self.assertEqual(os.stat(self.jobs).st_mode & 0o777, 0o700)


class NameTests(JobTest):
    constants = {"jobs.END": 1}

    def test_a_job_is_done_once(self):
        self.assertEqual(self.start_job("echo done >>count"), {"started": True})
        self.records()
        self.assertEqual(self.start_job("echo done >>count"), {"started": False})
        self.assertEqual(self.get("count"), b"done\n")

    def test_a_box_has_one_job_at_a_time(self):
        self.start_job("sleep 77.11", name="one")
        supervisor = supervisor_of(f"{self.jobs}/one")
        self.wait_until(lambda: running("77.11"))
        self.start_job("sleep 60", name="two")
        self.assertEqual(os.listdir(self.jobs), ["two"])
        self.assertEqual(running("77.11"), [])
        self.wait_until(lambda: not is_alive(supervisor))

    def test_the_job_whose_place_is_taken_stays(self):
        self.start_job("sleep 60", name="one")
        self.start_job("sleep 60", name="one-new")
        self.assertEqual(sorted(os.listdir(self.jobs)), ["one", "one-new"])

    def test_a_supervisor_that_was_killed_leaves_its_name_free(self):
        self.start_job("sleep 60", name="one")
        kill(supervisor_of(f"{self.jobs}/one"))
        self.start_job("sleep 60", name="two")
        self.assertEqual(os.listdir(self.jobs), ["two"])

    def test_a_supervisor_that_does_not_answer_is_killed(self):
        self.start_job("setsid sleep 77.12", name="one")
        self.wait_until(lambda: running("77.12"))
        supervisor = supervisor_of(f"{self.jobs}/one")
        os.kill(supervisor, signal.SIGSTOP)
        self.start_job("sleep 60", name="two")
        self.wait_until(lambda: not running("77.12") and not is_alive(supervisor))

    def test_jobs_that_are_not_there(self):
        for operation in ("job-follow", "job-stop", "job-forget"):
            self.assertEqual(self.refused({"operation": operation, "id": "none"}), ("no_such_job", "there is no such job"))
            for name in ("", "../x", "a/b", "a.b", "a\0"):
                code, message = self.refused({"operation": operation, "id": name})
                self.assertEqual((code, message), ("no_such_job", "a job's name has letters, digits and dashes"))


class StopTests(JobTest):
    def stop(self, name="job"):
        began = time.monotonic()
        self.assertEqual(self.call({"operation": "job-stop", "id": name}), ({}, b""))
        return time.monotonic() - began

    def outcome(self):
        kind, text = self.records()[-1]
        self.assertEqual(kind, b"e")
        return json.loads(text)

    def test_a_job_that_ends_when_it_is_asked_to(self):
        self.start_job("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done")
        self.assertEqual(self.follow().process.stdout.readline(), b"oready\n")
        self.assertLess(self.stop(), 5)
        self.assertEqual(self.records()[1], (b"o", b"bye"))
        self.assertEqual(self.outcome(), {**NORMAL, "exitCode": 5, "reason": "stopped"})

    def test_a_job_that_does_not(self):
        self.start_job("trap '' TERM; echo ready; while :; do sleep 0.05; done")
        self.follow().process.stdout.readline()
        self.assertLess(self.stop(), 5)
        self.assertEqual(self.outcome(), {**NORMAL, "exitCode": None, "signal": "SIGKILL", "reason": "stopped"})

    def test_nothing_escapes(self):
        # Each in a session of its own, and two without their parents, as agents start commands.
        self.start_job("setsid sleep 77.21 & (setsid setsid sleep 77.21 &) ; (sleep 77.21 &) ; trap '' TERM; wait; sleep 77.21")
        self.wait_until(lambda: len(running("sleep\x0077.21")) == 3)
        self.assertLess(self.stop(), 5)
        self.assertEqual(running("77.21"), [])

    def test_twice(self):
        self.start_job("sleep 60")
        self.stop()
        self.assertLess(self.stop(), 5)
        self.assertEqual(self.outcome()["reason"], "stopped")

    def test_after_its_end(self):
        self.start_job("true")
        self.records()
        self.stop()
        self.assertEqual(self.outcome(), NORMAL)

    def test_a_follower_that_goes_is_no_reason_to_end(self):
        self.start_job("echo ready; sleep 60")
        for _ in range(3):
            follower = self.follow()
            self.assertEqual(follower.process.stdout.readline(), b"oready\n")
            follower.leave()
            self.assertEqual(follower.finish()[0], 0)
        self.assertEqual(self.follow().process.stdout.readline(), b"oready\n")

    def test_what_is_left_in_the_background_goes_on(self):
        _, outcome = self.run_job("sleep 77.22 & disown; exit 0")
        self.assertEqual(outcome, NORMAL)
        self.assertEqual(len(running("sleep\x0077.22")), 1)

    def test_a_background_process_with_the_output_does_not_hold_the_end_up(self):
        began = time.monotonic()
        lines, _ = self.run_job("sleep 77.23 & echo last")
        self.assertEqual(lines, [b"last"])
        self.assertLess(time.monotonic() - began, 5)


class ForgetTests(JobTest):
    def forget(self):
        self.assertEqual(self.call({"operation": "job-forget", "id": "job"}), ({}, b""))

    def test_a_job_that_has_ended(self):
        self.start_job("true")
        self.records()
        supervisor = supervisor_of(f"{self.jobs}/job")
        self.forget()
        self.wait_until(lambda: not is_alive(supervisor))
        self.assertEqual(os.listdir(self.jobs), [])
        self.assertEqual(self.refused({"operation": "job-follow", "id": "job"})[0], "no_such_job")

    def test_a_job_that_runs_is_not_forgotten(self):
        self.start_job("echo ready; sleep 60")
        self.forget()
        self.assertEqual(self.follow().process.stdout.readline(), b"oready\n")

    def test_the_job_ends_with_its_supervisor(self):
        self.start_job("echo ready; exec sleep 77.24")
        follower = self.follow()
        self.assertEqual(follower.process.stdout.readline(), b"oready\n")
        kill(supervisor_of(f"{self.jobs}/job"))
        # Without a last record.
        self.assertEqual(follower.finish(), (0, b"", ""))
        self.wait_until(lambda: not running("77.24"))


class ConnectionTests(JobTest):
    def test_what_is_no_request(self):
        self.start_job("echo ready; sleep 60")
        for data in (b"fol", b"follow", b"x" * 100, b"\n", b"follow\nstop\n"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(f"{self.jobs}/job")
                connection.sendall(data)
        self.assertEqual(self.follow().process.stdout.readline(), b"oready\n")

    def test_a_follower_that_reads_slowly_holds_nobody_up(self):
        self.start_job("seq 300000; echo end")
        with socket.socket(socket.AF_UNIX) as slow:
            slow.connect(f"{self.jobs}/job")
            slow.sendall(b"follow\n")
            self.assertEqual(len(self.records()), 300_002)
            received = b""
            while piece := slow.recv(1 << 20):
                received += piece
        self.assertEqual(received.count(b"\n"), 300_002)


class SilenceTests(JobTest):
    def test_a_job_that_prints_nothing(self):
        _, outcome = self.run_job("echo one; sleep 60", silence=0.5)
        self.assertEqual((outcome["reason"], outcome["signal"]), ("silent", "SIGTERM"))

    def test_standard_error_does_not_count(self):
        _, outcome = self.run_job("while echo x >&2; do sleep 0.1; done", silence=0.5)
        self.assertEqual(outcome["reason"], "silent")

    def test_a_job_that_prints_now_and_then(self):
        lines, outcome = self.run_job("for i in 1 2 3 4 5 6; do sleep 0.2; echo $i; done", silence=0.8)
        self.assertEqual((len(lines), outcome), (6, NORMAL))


class LimitTests(JobTest):
    constants = {"job.LONGEST_LINE": 1000, "records.LONGEST_OUTPUT": 5000}

    def test_a_line_that_is_too_long(self):
        _, outcome = self.run_job("head -c 2000 /dev/zero; sleep 60")
        self.assertEqual(outcome["reason"], "too much output")

    def test_too_many_lines(self):
        lines, outcome = self.run_job("yes")
        self.assertEqual(outcome["reason"], "too much output")
        self.assertGreater(len(lines), 1000)

    def test_output_before_the_end_counts(self):
        self.assertEqual(self.run_job("seq 2000")[1]["reason"], "too much output")


class ReaperTests(JobTest):
    def test_ended_processes_without_parents_are_reaped(self):
        self.start_job("for i in 1 2 3 4 5; do (sleep 0.1 &); done; echo ready; sleep 60; true")
        self.follow().process.stdout.readline()
        supervisor = supervisor_of(f"{self.jobs}/job")
        # The job, its sleep, and the observer are left.
        self.wait_until(lambda: len(below(supervisor)) == 3)
