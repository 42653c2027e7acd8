# Uses memory of the kernel, by data that is sent over the loopback and never read.
# outcome: success | memory_limit | runtime_error | time_limit
# limits: wall_seconds=8 cpu_seconds=5 memory_mib=64
import socket
import time

server = socket.create_server(("127.0.0.1", 0), backlog=1000)
held = []
sent = 0
try:
    while sent < 256 << 20:
        client = socket.create_connection(server.getsockname(), 1)
        pair = (client, server.accept()[0])
        held.append(pair)
        for end in pair:
            end.setblocking(False)
            try:
                while True:
                    sent += end.send(bytes(100_000))
            except BlockingIOError:
                pass
except OSError:
    print("held", sent)
else:
    time.sleep(1)  # in which whoever looks from time to time sees all of it
    print("ESCAPED", sent)
