"""Runs in a box and prints which socket families can be created, by a 64-bit and by a 32-bit program."""
import ctypes
import errno
import mmap
import platform
import socket

ALLOWED = (1, 2, 10, 16, 17)
made = set()
for family in range(64):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind).close()
            made.add(family)
        except OSError as error:
            assert family in ALLOWED or error.errno in (errno.ENOSYS, errno.EPERM), (family, error)
print(sorted(made))

# A pair is made of sockets of the family before it fails for all but AF_UNIX, so the error says how far it got.
libc = ctypes.CDLL(None, use_errno=True)
ends = (ctypes.c_int * 2)()
refused = [family for family in range(64) if libc.socketpair(family, 1, 0, ends) < 0 and ctypes.get_errno() == errno.ENOSYS]
print([family for family in range(64) if family not in refused])

if platform.machine() == "x86_64":
    # int 0x80 takes 32-bit registers, so the data must be in the lowest 4 GiB: MAP_32BIT.
    page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, prot=7)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    arguments = address + 256

    def call32(number, *registers):
        values = [number.to_bytes(4, "little")] + [value.to_bytes(4, "little") for value in registers]
        # push rbx; mov eax, ebx, ecx, edx; int 0x80; pop rbx; ret
        code = b"\x53" + b"".join(op + value for op, value in zip((b"\xb8", b"\xbb", b"\xb9", b"\xba"), values, strict=True))
        code += b"\xcd\x80\x5b\xc3"
        page[: len(code)] = code
        return ctypes.CFUNCTYPE(ctypes.c_int)(address)()

    for family in (socket.AF_VSOCK, socket.AF_UNIX):
        page[256:268] = b"".join(word.to_bytes(4, "little") for word in (family, 1, 0))
        results = call32(102, 1, arguments, 0), call32(359, family, 1, 0)
        print([errno.errorcode[-result] if result < 0 else "made" for result in results])
