"""Framing, and requests that are none."""

import json
import os
import subprocess
import sys
import threading
import unittest

from boxguest.protocol import Channel, Refusal
from tests.support import BoxTest, Call, frame


class ChannelTests(unittest.TestCase):
    def channel(self, *pieces):
        """A channel whose source has those bytes, no more than one piece at once."""
        source, sender = os.pipe()
        receiver, target = os.pipe()

        def feed():
            with open(sender, "wb", buffering=0) as file:
                for piece in pieces:
                    file.write(piece)

        thread = threading.Thread(target=feed)
        thread.start()
        self.addCleanup(os.close, source)
        self.addCleanup(thread.join)
        self.addCleanup(os.close, target)
        self.answers = open(receiver, "rb", buffering=0)  # noqa: SIM115
        self.addCleanup(self.answers.close)
        return Channel(source, target)

    def test_a_request_in_any_pieces(self):
        request = {"operation": "write", "path": "ä\n\"'", "size": 3}
        data = frame(request, b"abc")
        for size in (1, 3, len(data)):
            channel = self.channel(*(data[start : start + size] for start in range(0, len(data), size)))
            self.assertEqual(channel.receive_request(), request)
            self.assertEqual(channel.receive_all(3), b"abc")
            with self.assertRaises(EOFError):
                channel.receive_all(1)

    def test_nothing_is_read_beyond_what_was_asked_for(self):
        channel = self.channel(frame({}, b"payload"))
        self.assertEqual(channel.receive_request(), {})
        self.assertEqual(list(channel.receive(0)), [])
        self.assertEqual(os.read(channel.source, 100), b"payload")

    def test_many_bytes_come_in_pieces(self):
        data = os.urandom(300_000)
        pieces = list(self.channel(data).receive(len(data)))
        self.assertEqual(b"".join(pieces), data)
        self.assertLessEqual(max(map(len, pieces)), 1 << 16)

    def test_input_that_ends_early(self):
        for data in (b"", b"0000", b"00000010", b'00000010{"a"'):
            with self.assertRaises(EOFError, msg=data):
                self.channel(data).receive_request()

    def test_garbage(self):
        for data in (b"GET / HT", b"\0" * 8, b"-0000001", b"00000000", b"00000002{]", b"00000002[]", b'00000003"a"', b"00000002\xff\xfe"):
            with self.assertRaises(ValueError, msg=data):
                self.channel(data).receive_request()

    def test_an_answer(self):
        self.channel().answer({"size": 5, "name": "ä"}, [b"ab", bytearray(b"cde")])
        self.assertEqual(self.answers.read(100), b'0000001d{"size": 5, "name": "\\u00e4"}abcde')

    def test_an_answer_larger_than_the_pipe(self):
        data = os.urandom(1_000_000)
        channel = self.channel()
        thread = threading.Thread(target=channel.answer, args=({}, [data]))
        thread.start()
        received = b""
        while len(received) < len(data) + 10:
            received += self.answers.read(1 << 20)
        thread.join()
        self.assertEqual(received, b"00000002{}" + data)

    def test_a_refusal_has_a_code_and_a_message(self):
        refusal = Refusal("invalid_path", "why")
        self.assertEqual((refusal.code, refusal.message, str(refusal)), ("invalid_path", "why", "why"))


class ProgramTests(BoxTest):
    """What is no request gets no answer, and status 1."""

    def failed(self, data):
        call = Call(self, data)
        call.leave()
        status, output, errors = call.finish()
        self.assertEqual((status, output), (1, b""), data)
        return errors

    def test_input_that_ends_early(self):
        for data in (b"", b"00000020{", frame({"operation": "run", "script": 10, "timeout": 1, "limit": 1}, b"tru")):
            self.assertEqual(self.failed(data), "the request is not whole\n")

    def test_garbage(self):
        for data in (b"GET / HTTP/1.0\r\n\r\n", frame([]), frame({}), frame({"operation": "job-"}), frame({"operation": "remove"})):
            self.assertIn("Error", self.failed(data))

    def test_the_start_file_finds_the_package(self):
        # It refuses this before it needs the box's user.
        path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guest.py")
        data = frame({"operation": "job-stop", "id": "../x"})
        ended = subprocess.run([sys.executable, "-ISB", path], input=data, capture_output=True, cwd="/", check=True)
        self.assertEqual(json.loads(ended.stdout[8:])["error"], "no_such_job")
