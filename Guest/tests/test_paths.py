"""Which paths a request may name."""

import os

from boxguest.paths import absolute, is_inside, open_directory, open_file, refusal, resolve
from boxguest.protocol import Refusal
from tests.support import BoxTest


class PathTests(BoxTest):
    def refuses(self, path, *parts):
        with self.assertRaises(Refusal) as raised:
            resolve(self.box, path)
        self.assertEqual(raised.exception.code, "invalid_path")
        for part in parts:
            self.assertIn(part, raised.exception.message)

    def test_where_paths_begin(self):
        for path, expected in {
            "a": f"{self.home}/a",
            "~": f"{self.home}/",
            "~/a": f"{self.home}/a",
            "~//a": f"{self.home}/a",
            "~a": f"{self.home}/~a",
            "/a": "/a",
        }.items():
            self.assertEqual(absolute(self.box, path), expected, path)

    def test_paths_inside(self):
        for path, expected in {
            "a/b": f"{self.home}/a/b",
            "a/../b": f"{self.home}/b",
            "././/a/": f"{self.home}/a",
            "~": self.home,
            "../tmp/a": f"{self.temporary}/a",
            f"{self.temporary}/a": f"{self.temporary}/a",
            "ä \n": f"{self.home}/ä \n",
        }.items():
            self.assertEqual(resolve(self.box, path), expected, path)

    def test_paths_outside(self):
        for path in ("..", "../home2", "/", "/etc/passwd", "~/../../..", "a/../../x", f"{self.home}x", "//", self.directory):
            self.refuses(path, "leads out of", self.home, self.temporary)

    def test_what_is_no_path(self):
        for path in ("", "a\0b", "a" * 4001, "ä" * 2001):
            self.refuses(path, "1 to 4000 bytes")
        resolve(self.box, "a/" * 2000)

    def test_roots_are_whole_names(self):
        self.assertTrue(is_inside("/home/user", ("/home/user",)))
        self.assertTrue(is_inside("/home/user/a", ("/home/user",)))
        self.assertFalse(is_inside("/home/user2", ("/home/user",)))
        self.assertFalse(is_inside("/home", ("/home/user",)))

    def test_links_count_by_where_they_lead(self):
        self.link("/etc", "outside")
        self.link("outside/passwd", "twice")
        self.link("../tmp", "inside")
        self.link("nowhere/at/all", "broken")
        self.assertEqual(resolve(self.box, "inside/a"), f"{self.temporary}/a")
        self.assertEqual(resolve(self.box, "broken"), f"{self.home}/nowhere/at/all")
        for path in ("outside", "outside/passwd", "twice", "inside/../../x"):
            self.refuses(path, "leads out of")

    def test_a_link_to_itself_opens_nothing(self):
        self.link("loop", "loop")
        with self.assertRaises(OSError):
            open_file(self.box, "loop")

    def test_messages_show_the_beginning_of_a_long_path(self):
        self.refuses("/" + "x" * 3000, '"/' + "x" * 199 + '"')


class OpenTests(BoxTest):
    def test_a_regular_file(self):
        self.put("a", b"123")
        descriptor, status = open_file(self.box, "a")
        self.addCleanup(os.close, descriptor)
        self.assertEqual((os.read(descriptor, 10), status.st_size), (b"123", 3))

    def test_what_is_no_regular_file(self):
        os.mkfifo(f"{self.home}/fifo")
        for path, kind in {"~": "a directory", "fifo": "not a regular file"}.items():
            with self.assertRaisesRegex(Refusal, kind):
                open_file(self.box, path)

    def test_a_link_that_appears_after_the_path_was_resolved(self):
        # As if another process put it there at that moment.
        self.put("real/file")
        self.link("/etc", "swapped")
        for path in ("swapped", "swapped/cron.d"):
            with self.assertRaises(OSError):
                open_directory(f"{self.home}/{path}", create=True)
        box = self.box
        box.roots = (f"{self.home}/real", self.temporary)
        self.link("/proc/self/cwd", "real/magic")
        with self.assertRaises((Refusal, OSError)):
            open_file(box, f"{self.home}/real/magic/etc/passwd")

    def test_directories_are_made_on_the_way(self):
        descriptor = open_directory(f"{self.home}/a/b/c", create=True)
        self.addCleanup(os.close, descriptor)
        self.assertEqual(os.readlink(f"/proc/self/fd/{descriptor}"), f"{self.home}/a/b/c")
        with self.assertRaises(FileNotFoundError):
            open_directory(f"{self.home}/x/y", create=False)
        self.assertFalse(os.path.exists(f"{self.home}/x"))

    def test_no_descriptor_is_left(self):
        before = len(os.listdir("/proc/self/fd"))
        self.put("file")
        for path in ("file/x", "missing/x"):
            with self.assertRaises(OSError):
                open_directory(f"{self.home}/{path}", create=False)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)


class RefusalTests(BoxTest):
    def test_errors_of_the_system(self):
        for error, code, message in [
            (FileNotFoundError(2, "No such file or directory"), "file_not_found", 'there is no file "a"'),
            (PermissionError(13, "Permission denied"), "invalid_path", '"a": permission denied'),
            (NotADirectoryError(20, "Not a directory"), "invalid_path", '"a": not a directory'),
            (OSError(28, "No space left on device"), "invalid_path", '"a" can\'t be used: no space left on device'),
            (OSError("odd"), "invalid_path", '"a" can\'t be used: odd'),
        ]:
            refused = refusal(error, "a")
            self.assertEqual((refused.code, refused.message), (code, message))
