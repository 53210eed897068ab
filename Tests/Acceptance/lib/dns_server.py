"""A DNS server that answers every A query with one address: dns_server.py LISTEN ANSWER. It serves UDP and TCP."""

import socket
import socketserver
import struct
import sys
import threading


def answer(query):
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    is_a = question[-4:-2] == b"\0\1"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(sys.argv[2]) if is_a else b""
    return query[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, int(is_a), 0, 0) + question + record


class UDP(socketserver.BaseRequestHandler):
    def handle(self):
        data, listener = self.request
        print("query from", self.client_address[0], file=sys.stderr, flush=True)
        listener.sendto(answer(data), self.client_address)


class TCP(socketserver.StreamRequestHandler):
    def handle(self):
        reply = answer(self.rfile.read(struct.unpack("!H", self.rfile.read(2))[0]))
        self.wfile.write(struct.pack("!H", len(reply)) + reply)


socketserver.TCPServer.allow_reuse_address = True
tcp = socketserver.ThreadingTCPServer((sys.argv[1], 53), TCP)
udp = socketserver.ThreadingUDPServer((sys.argv[1], 53), UDP)
threading.Thread(target=tcp.serve_forever, daemon=True).start()
udp.serve_forever()
