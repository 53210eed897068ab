"""A TCP proxy that delays every byte, half of the delay in each direction: delay.py PORT HOST MILLISECONDS

It replaces `tc netem` on kernels without it. Its own connections have the mark 91, so that a rule can let them through.
"""
import asyncio
import socket
import sys

port, host, delay = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) / 2000


async def carry(reader, writer):
    clock = asyncio.get_running_loop().time
    line: asyncio.Queue = asyncio.Queue(maxsize=512)

    async def take():
        data = b"-"
        while data:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            await line.put((clock() + delay, data))

    taking = asyncio.create_task(take())
    try:
        while True:
            moment, data = await line.get()
            await asyncio.sleep(max(0, moment - clock()))
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
    except OSError:
        taking.cancel()


async def serve(reader, writer):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, 36, 91)  # SO_MARK
    server.setblocking(False)
    await asyncio.sleep(2 * delay)  # the round trip of connecting
    await asyncio.get_running_loop().sock_connect(server, (host, 22))
    for end in (server, writer.get_extra_info("socket")):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    there, back = await asyncio.open_connection(sock=server)
    await asyncio.gather(carry(reader, back), carry(there, writer))
    writer.close()
    back.close()


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", port, backlog=512) as server:
        await server.serve_forever()


asyncio.run(main())
