"""Reading, writing and removing files, through the whole program."""

import os
import stat
import unittest

from tests.support import IS_ROOT, BoxTest


class ReadTests(BoxTest):
    def read(self, path, **fields):
        return self.call({"operation": "read", "path": path, **fields})

    def test_a_file(self):
        self.put("a", b"one\0two")
        self.assertEqual(self.read("a"), ({"size": 7}, b"one\0two"))

    def test_an_empty_file(self):
        self.put("a")
        self.assertEqual(self.read("~/a"), ({"size": 0}, b""))

    def test_a_large_file(self):
        data = os.urandom(3_000_000)
        self.put("a", data)
        self.assertEqual(self.read("a"), ({"size": len(data)}, data))

    def test_the_limit(self):
        self.put("a", b"12345")
        self.assertEqual(self.read("a", limit=5), ({"size": 5}, b"12345"))
        code, message = self.refused({"operation": "read", "path": "a", "limit": 4})
        self.assertEqual((code, message), ("file_too_large", '"a" has 5 bytes; at most 4 are possible here'))

    def test_what_can_not_be_read(self):
        self.put("a")
        os.mkfifo(f"{self.home}/fifo")
        self.link("/etc/passwd", "link")
        self.assertEqual(self.refused({"operation": "read", "path": "b"}), ("file_not_found", 'there is no file "b"'))
        for path in ("~", "a/b", "fifo", "link"):
            self.assertEqual(self.refused({"operation": "read", "path": path})[0], "invalid_path", path)

    @unittest.skipUnless(IS_ROOT, "needs root, to have a file that the box's user can't read")
    def test_a_file_of_root(self):
        path = self.put("a", b"secret", mode=0o600)
        os.chown(path, 0, 0)
        self.assertEqual(self.refused({"operation": "read", "path": "a"}), ("invalid_path", '"a": permission denied'))


class WriteTests(BoxTest):
    def write(self, path, data=b"new", **fields):
        return self.call({"operation": "write", "path": path, "size": len(data), **fields}, data)

    def mode(self, path):
        return stat.S_IMODE(os.stat(os.path.join(self.home, path)).st_mode)

    def test_a_new_file_with_its_directories(self):
        self.assertEqual(self.write("a/b/c", b"x\0y"), ({"size": 3}, b""))
        self.assertEqual((self.get("a/b/c"), self.mode("a/b/c"), self.mode("a/b")), (b"x\0y", 0o644, 0o755))
        status = os.stat(f"{self.home}/a/b/c")
        self.assertEqual((status.st_uid, status.st_gid), self.box.account.ids())

    def test_an_old_file_keeps_its_mode(self):
        self.put("a", b"old and long", mode=0o751)
        self.write("a")
        self.assertEqual((self.get("a"), self.mode("a")), (b"new", 0o751))
        self.write("a", mode=0o600)
        self.assertEqual(self.mode("a"), 0o600)

    def test_a_link_is_written_through(self):
        self.put("real/a", b"old")
        self.link("real/a", "link")
        self.write("link")
        self.assertEqual((self.get("real/a"), os.path.islink(f"{self.home}/link")), (b"new", True))

    def test_what_can_not_be_written(self):
        os.mkdir(f"{self.home}/directory")
        os.mkfifo(f"{self.home}/fifo")
        self.put("file")
        self.link("/etc", "link")
        for path in ("directory", "directory/", "fifo", "~", "link/passwd", "file/below", "..", self.temporary, ""):
            code, _ = self.refused({"operation": "write", "path": path, "size": 1}, b"x")
            self.assertEqual(code, "invalid_path", path)
        self.assertEqual(sorted(os.listdir(self.home)), ["directory", "fifo", "file", "link"])

    def test_contents_that_end_early_change_nothing(self):
        self.put("a", b"old")
        call = self.start({"operation": "write", "path": "a", "size": 100}, b"only this")
        call.leave()
        self.assertEqual(call.finish(), (1, b"", "the request is not whole\n"))
        self.assertEqual((self.get("a"), os.listdir(self.home)), (b"old", ["a"]))

    @unittest.skipUnless(IS_ROOT, "needs root, to have a directory that the box's user can't write to")
    def test_a_directory_of_root(self):
        os.mkdir(f"{self.home}/root", 0o755)
        self.assertEqual(self.refused({"operation": "write", "path": "root/a", "size": 0})[1], '"root/a": permission denied')


class ApplyTests(BoxTest):
    def apply(self, remove=(), write=()):
        files = [{"path": path, "size": len(data), "mode": mode} for path, data, mode in write]
        request = {"operation": "apply", "remove": list(remove), "write": files}
        header, output = self.call(request, b"".join(data for _, data, _ in write))
        self.assertEqual(output, b"")
        return header["failures"]

    def test_files_are_written(self):
        self.assertEqual(self.apply(write=[("a", b"1", 0o600), ("b/c", b"22", None), ("d", b"", 0o755)]), {})
        self.assertEqual((self.get("a"), self.get("b/c"), self.get("d")), (b"1", b"22", b""))
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.home}/a").st_mode), 0o600)

    def test_one_failure_is_not_that_of_the_others(self):
        files = [("a", b"1", None), ("/etc/x", b"22", None), ("~", b"333", None), ("b", b"4444", None)]
        failures = self.apply(remove=["/etc/passwd"], write=files)
        self.assertEqual(sorted(failures), ["/etc/passwd", "/etc/x", "~"])
        self.assertIn("leads out of", failures["/etc/x"])
        self.assertEqual((self.get("a"), self.get("b")), (b"1", b"4444"))

    def test_empty_directories_go_with_the_last_file(self):
        self.put("a/b/c/one")
        self.put("a/two")
        self.assertEqual(self.apply(remove=["a/b/c/one"]), {})
        self.assertEqual(os.listdir(f"{self.home}/a"), ["two"])
        self.assertEqual(self.apply(remove=["~/a/two"]), {})
        self.assertEqual(os.listdir(self.home), [])

    def test_what_is_not_there_is_removed_already(self):
        os.mkdir(f"{self.home}/directory")
        self.put("file")
        self.assertEqual(self.apply(remove=["missing", "no/where", "directory", "file/below"]), {})
        self.assertEqual(sorted(os.listdir(self.home)), ["directory", "file"])

    def test_a_link_is_removed_and_not_its_target(self):
        self.put("real/a")
        self.link("real/a", "link")
        self.assertEqual(self.apply(remove=["link"]), {})
        self.assertEqual(os.listdir(self.home), ["real"])

    def test_many_failures_need_no_more_descriptors(self):
        os.mkdir(f"{self.home}/directory")
        self.assertEqual(len(self.apply(write=[(f"directory/../directory/./{'x/' * number}/", b"", None) for number in range(1500)])), 1500)
        # One after the other opens a directory and finds another one in the place of the file.
        os.makedirs(f"{self.home}/d/e")
        self.assertEqual(list(self.apply(write=[("d/e", b"", None)] * 1500)), ["d/e"])

    def test_nothing_at_all(self):
        self.assertEqual(self.call({"operation": "apply"}), ({"failures": {}}, b""))
