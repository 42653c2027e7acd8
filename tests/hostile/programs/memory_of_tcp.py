# Memory of the kernel: what is sent over the loopback and never read.
# outcome: success | memory_limit | runtime_error | time_limit
# limits: wall_seconds=5 cpu_seconds=5 memory_mib=64
import socket

server = socket.create_server(("127.0.0.1", 0), backlog=1000)
held = []
sent = 0
try:
    while True:
        client = socket.create_connection(server.getsockname())
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
    print("ESCAPED" if sent > 100 << 20 else "held", sent, flush=True)
