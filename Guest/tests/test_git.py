"""Commits of a job: with real repositories, and with a git that is slow."""

import json
import os
import subprocess
import time
import unittest

from boxguest.git import Git, web_address
from boxguest.repositories import Repositories, commits_made
from tests.program import account
from tests.support import USER, JobTest, running

GIT = "git -c user.name=a -c user.email=a@b -c init.defaultBranch=main -c protocol.file.allow=always"


class GitTest(JobTest):
    def setUp(self):
        super().setUp()
        self.as_user = Git(self.box)

    def shell(self, script, directory="."):
        """Runs a shell line as the box's user, where `git` has an identity. Returns its output."""
        user, group, groups = account(USER).for_subprocess()
        ended = subprocess.run(
            ["/bin/bash", "-ec", f'git() {{ command {GIT} "$@"; }}\n{script}'], cwd=os.path.join(self.home, directory),
            env={"HOME": self.home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}, user=user, group=group, extra_groups=groups,
            check=False, capture_output=True,
        )  # fmt: skip
        self.assertEqual(ended.returncode, 0, ended.stderr.decode())
        return ended.stdout.decode().strip()

    def repository(self, path="repo"):
        self.shell(f"git init -q {path}; cd {path}; echo 1 >a; git add a; git commit -qm first")
        return f"{self.home}/{path}"


class DescriptionTests(GitTest):
    """What is said about a commit."""

    def describe(self, path="repo", revision="HEAD"):
        commit = self.shell(f"git rev-parse {revision}", path)
        found = list(self.as_user.describe(f"{self.home}/{path}", [commit]))
        self.assertEqual([one["commitSha"] for one in found], [commit])
        return found[0]

    def test_a_commit(self):
        directory = self.repository()
        self.shell("printf '2\\n3\\n' >a; echo b >'b c'; git add .; git commit -qm 'Subject ä' -m body", "repo")
        commit = self.describe()
        self.assertEqual(
            commit,
            {
                "commitSha": commit["commitSha"], "commitMessage": "Subject ä\n\nbody", "commitUrl": None, "branch": "main",
                "filesChanged": 2, "additions": 3, "deletions": 1, "pushed": False,
            },
        )  # fmt: skip
        self.assertEqual(list(self.as_user.describe(directory, [])), [])

    def test_the_first_commit(self):
        self.repository()
        self.assertEqual((self.describe()["filesChanged"], self.describe()["additions"]), (1, 1))

    def test_a_merge_counts_against_its_first_parent(self):
        self.repository()
        self.shell("git switch -qc other; echo x >x; git add x; git commit -qm x", "repo")
        self.shell("git switch -q main; git commit -q --allow-empty -m y; git merge -q --no-edit other", "repo")
        self.assertEqual((self.describe()["filesChanged"], self.describe()["additions"]), (1, 1))

    def test_a_binary_file(self):
        self.repository()
        self.shell("printf 'a\\0b' >bin; git add bin; git commit -qm bin", "repo")
        commit = self.describe()
        self.assertEqual((commit["filesChanged"], commit["additions"], commit["deletions"]), (1, 0, 0))

    def test_no_branch(self):
        self.repository()
        self.shell("git switch -q --detach", "repo")
        self.assertEqual(self.describe()["branch"], "HEAD")

    def test_a_long_message(self):
        self.repository()
        self.shell("head -c 20000 /dev/zero | tr '\\0' x | git commit -q --allow-empty -F -", "repo")
        self.assertEqual(self.describe()["commitMessage"], "x" * 8000)

    def test_a_commit_that_does_not_exist_any_more(self):
        directory = self.repository()
        commit = self.shell("git rev-parse HEAD", "repo")
        self.assertEqual([one["commitSha"] for one in self.as_user.describe(directory, ["0" * 40, commit])], [commit])

    def test_what_a_remote_has(self):
        directory = self.repository()
        first = self.shell("git rev-parse HEAD", "repo")
        self.assertEqual(self.as_user.pushed(directory, [first]), [])
        self.shell("git init -q --bare ../remote; git remote add origin ../remote; git push -q origin main", "repo")
        self.shell("git commit -q --allow-empty -m x", "repo")
        second = self.shell("git rev-parse HEAD", "repo")
        self.assertEqual(self.as_user.pushed(directory, [first, second]), [first])

    def test_a_git_that_fails(self):
        self.assertIsNone(self.as_user.run(f"{self.home}/missing", "status"))
        self.assertIsNone(self.as_user.run(self.home, "no-such-command"))
        self.box.git = "/no/such/git"
        self.assertIsNone(self.as_user.run(self.home, "version"))


class AddressTests(unittest.TestCase):
    def test_web_pages_of_commits(self):
        for remote, expected in {
            "https://github.com/a/b.git": "https://github.com/a/b/commit/X",
            "https://github.com/a/b/": "https://github.com/a/b/commit/X",
            "https://user:token@github.com/a/b": "https://github.com/a/b/commit/X",
            "http://git.example/a/b/c": "https://git.example/a/b/c/commit/X",
            "git@github.com:a/b.git": "https://github.com/a/b/commit/X",
            "ssh://git@host:2222/a/b.git": "https://host/a/b/commit/X",
            "/srv/a.git": None,
            "file:///srv/a.git": None,
            "https://host": None,
            "https:///a": None,
            "git@host": None,
            "": None,
        }.items():
            self.assertEqual(web_address(remote, "X"), expected, remote)


class LogTests(GitTest):
    """Which moves of HEAD are new commits."""

    def made(self, script):
        before = len(list(commits_made(f"{self.home}/repo", 0)))
        self.shell(script, "repo")
        return list(commits_made(f"{self.home}/repo", 0))[before:]

    def test_new_commits(self):
        self.repository()
        for script in (
            "echo 2 >a; git commit -qam two",
            "git commit -q --amend -m three",
            "git revert --no-edit HEAD",
            "git switch -qc side HEAD~1; echo z >z; git add z; git commit -qm z; git switch -q main; git cherry-pick side",
            "git merge -q --no-edit side",
        ):
            self.assertEqual(self.made(script)[-1:], [self.shell("git rev-parse HEAD", "repo")], script)

    def test_other_moves(self):
        self.repository()
        self.shell("git switch -qc ahead; git commit -q --allow-empty -m ahead; git switch -q main", "repo")
        for script in ("git switch -q ahead", "git switch -q main", "git merge -q ahead", "git reset -q --hard HEAD~1"):
            self.assertEqual(self.made(script), [], script)

    def test_a_rebase(self):
        self.repository()
        self.shell("git switch -qc side; echo s >s; git add s; git commit -qm s", "repo")
        self.shell("git switch -q main; git commit -q --allow-empty -m m", "repo")
        self.assertEqual(self.made("git switch -q side; git rebase -q main")[-1:], [self.shell("git rev-parse side", "repo")])

    def test_what_is_no_log(self):
        self.assertEqual(list(commits_made(self.home, 0)), [])
        for text in (b"", b"\n\n", b"\xff\0garbage", b"0 1\tcommit: x", b"a" * 40 + b" " + b"g" * 40 + b" x\tcommit: x", b"\tcommit"):
            self.put("fake/.git/logs/HEAD", text)
            self.assertEqual(list(commits_made(f"{self.home}/fake", 0)), [], text)
        os.remove(f"{self.home}/fake/.git/logs/HEAD")
        for make in (os.mkfifo, os.mkdir):
            make(f"{self.home}/fake/.git/logs/HEAD")
            self.assertEqual(list(commits_made(f"{self.home}/fake", 0)), [])
            (os.rmdir if make is os.mkdir else os.remove)(f"{self.home}/fake/.git/logs/HEAD")


class RepositoryTests(GitTest):
    def look(self, repositories, is_last=True):
        return list(repositories.look(is_last))

    def test_only_what_comes_after_the_first_search(self):
        self.repository()
        repositories = Repositories(self.home, self.as_user)
        self.assertEqual(self.look(repositories), [])
        self.shell("git commit -q --allow-empty -m second", "repo")
        [(kind, commit)] = self.look(repositories)
        self.assertEqual((kind, commit["commitMessage"]), (b"c", "second"))
        self.assertEqual(self.look(repositories), [])

    def test_all_of_a_new_repository(self):
        repositories = Repositories(self.home, self.as_user)
        self.repository("new")
        self.assertEqual([commit["commitMessage"] for _, commit in self.look(repositories)], ["first"])

    def test_where_repositories_are_searched(self):
        paths = ("a", "a/b/c", "a/b/c/d", ".hidden", "node_modules/x", "link")
        for path in paths[:-1]:
            os.makedirs(f"{self.home}/{path}/.git/logs", exist_ok=True)
        os.makedirs(f"{self.temporary}/real/.git")
        self.link(f"{self.temporary}/real", "link")
        found = Repositories(self.home, self.as_user).logs
        self.assertEqual(sorted(found), [f"{self.home}/a", f"{self.home}/a/b/c"])
        self.assertIn(f"{self.home}/a", Repositories(f"{self.home}/a", self.as_user).logs)
        self.assertEqual(Repositories(f"{self.home}/missing", self.as_user).logs, {})

    def test_a_commit_is_recorded_once(self):
        self.repository()
        repositories = Repositories(self.home, self.as_user)
        self.shell("git commit -q --allow-empty -m x", "repo")
        self.assertEqual(len(self.look(repositories)), 1)
        # The log begins anew, and has the commit again.
        self.shell("tail -n 1 .git/logs/HEAD >log; cp log .git/logs/HEAD", "repo")
        self.assertEqual(self.look(repositories), [])

    def test_the_most_commits_of_one_look(self):
        self.repository()
        repositories = Repositories(self.home, self.as_user)
        self.shell("for i in $(seq 60); do git commit -q --allow-empty -m $i; done", "repo")
        messages = [commit["commitMessage"] for _, commit in self.look(repositories)]
        self.assertEqual(messages, [str(number) for number in range(11, 61)])

    def test_a_push_is_recorded_at_the_last_look(self):
        self.repository()
        self.shell("git init -q --bare ../remote; git remote add origin ../remote; git push -q origin main", "repo")
        repositories = Repositories(self.home, self.as_user)
        self.shell("git commit -q --allow-empty -m x", "repo")
        [(_, commit)] = self.look(repositories, is_last=False)
        self.assertFalse(commit["pushed"])
        self.shell("git push -q origin main; git commit -q --allow-empty -m y; git push -q origin main", "repo")
        (kind, later), (pushed, record) = self.look(repositories)
        self.assertEqual((kind, later["commitMessage"], later["pushed"]), (b"c", "y", True))
        self.assertEqual((pushed, record), (b"p", {"commitSha": commit["commitSha"]}))


class CheckpointTests(GitTest):
    """Commits among the records of a job."""

    def test_commits_of_a_job(self):
        self.repository()
        script = f"git() {{ command {GIT} \"$@\"; }}; sleep 0.3; echo new >a; git commit -qam 'with KEY'; git init -q sub; echo end"
        self.start_job(script, folders=["repo"], environment={"SECRET": "KEY"}, secrets=["SECRET"], redaction="*")
        records = self.records()
        self.assertEqual(records[-1][0], b"e")
        [commit] = [json.loads(text) for kind, text in records if kind == b"c"]
        self.assertEqual((commit["commitMessage"], commit["additions"], commit["branch"]), ("with *", 1, "main"))
        self.assertEqual(commit["commitSha"], self.shell("git rev-parse HEAD", "repo"))

    def test_a_commit_comes_while_the_job_runs(self):
        self.repository()
        script = f"cd repo; sleep 0.3; {GIT} commit -q --allow-empty -m now; sleep 60"
        self.start_job(script)
        self.assertEqual(self.follow().process.stdout.readline()[:1], b"c")


class SlowGitTests(GitTest):
    """A git that takes its time holds nothing up: neither output, nor an interrupt, nor the end of a job beyond a limit."""

    constants = {"supervisor.LAST_LOOK": 1, "supervisor.LAST_LOOK_OF_STOPPED": 0.5, "git.TIMEOUT": 60}
    delay = "77.31"
    # Commits, and goes on to print.
    script = f"cd repo; sleep 0.2; {GIT} commit -q --allow-empty -m x; while :; do date +%s.%N; sleep 0.05; done"

    def setUp(self):
        super().setUp()
        self.repository()
        self.git = f"{self.directory}/git"
        with open(self.git, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\necho "$@" >>{self.home}/calls\nsleep {self.delay}\nexec /usr/bin/git "$@"\n')
        os.chmod(self.git, 0o755)
        self.box.git = self.git
        self.addCleanup(self.end_slow_git)

    def end_slow_git(self):
        subprocess.run(["pkill", "-f", f"sleep {self.delay}"], check=False)

    def slow(self):
        """The sleeps of the slow git."""
        return running(f"sleep\0{self.delay}")

    def test_output_goes_on(self):
        self.start_job(self.script)
        follower = self.follow()
        self.wait_until(self.slow)
        # The lines that come while git runs: none was printed long before.
        ages = []
        began = time.time()
        while time.time() < began + 1.5:
            kind, printed = (line := follower.process.stdout.readline())[:1], line[1:]
            self.assertEqual(kind, b"o")
            if float(printed) > began:
                ages.append(time.time() - float(printed))
        self.assertTrue(self.slow())
        self.assertGreater(len(ages), 5)
        self.assertLess(max(ages), 3)

    def test_an_interrupt(self):
        self.start_job(self.script)
        self.wait_until(self.slow)
        began = time.monotonic()
        self.assertEqual(self.call({"operation": "job-stop", "id": "job"}), ({}, b""))
        self.assertLess(time.monotonic() - began, 5)
        kind, outcome = self.records()[-1]
        self.assertEqual((kind, json.loads(outcome)["reason"]), (b"e", "stopped"))
        self.assertEqual(self.slow(), [])

    def test_the_job_itself_is_interrupted_at_once(self):
        self.constants = {"supervisor.LAST_LOOK_OF_STOPPED": 60, "git.TIMEOUT": 60}
        self.start_job(f"{self.script} # 77.32")
        self.wait_until(self.slow)
        self.start({"operation": "job-stop", "id": "job"})
        began = time.monotonic()
        self.wait_until(lambda: not running("# 77.32\0"))
        self.assertLess(time.monotonic() - began, 5)
        self.assertTrue(self.slow())

    def test_a_job_that_ends_by_itself(self):
        began = time.monotonic()
        self.start_job(f"cd repo; sleep 0.2; {GIT} commit -q --allow-empty -m x; echo last")
        self.assertEqual([kind for kind, _ in self.records()], [b"o", b"e"])
        self.assertLess(time.monotonic() - began, 6)
        self.assertEqual(self.slow(), [])

    def test_a_job_without_commits_waits_for_nothing(self):
        began = time.monotonic()
        self.assertEqual(self.run_job("echo last")[0], [b"last"])
        self.assertLess(time.monotonic() - began, 5)
        self.assertFalse(os.path.exists(f"{self.home}/calls"))

    def test_an_interrupt_after_the_end(self):
        self.constants = {"supervisor.LAST_LOOK": 60, "supervisor.LAST_LOOK_OF_STOPPED": 0.5, "git.TIMEOUT": 60}
        self.start_job(f"cd repo; sleep 0.2; {GIT} commit -q --allow-empty -m x; echo 77.33")
        self.wait_until(self.slow)
        began = time.monotonic()
        self.call({"operation": "job-stop", "id": "job"})
        self.assertLess(time.monotonic() - began, 5)
        self.assertIsNone(json.loads(self.records()[-1][1])["reason"])
        self.assertEqual(self.slow(), [])

    def test_a_follower_sees_what_was_found_before(self):
        # Only the first of two repositories has a slow git.
        with open(self.git, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\ncase "$*" in *slow*) sleep {self.delay} ;; esac\nexec /usr/bin/git "$@"\n')
        self.repository("slow")
        self.start_job(f"sleep 0.2; for i in repo slow; do (cd $i; {GIT} commit -q --allow-empty -m x); done; sleep 60")
        self.wait_until(self.slow)
        self.call({"operation": "job-stop", "id": "job"})
        self.assertLessEqual({kind for kind, _ in self.records()}, {b"c", b"e"})
        self.assertEqual(self.slow(), [])
