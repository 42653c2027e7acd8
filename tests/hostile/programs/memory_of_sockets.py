# Uses memory of the kernel, by data that is written to sockets and never read.
# outcome: success | memory_limit | runtime_error
import socket

held = []
try:
    while True:
        pair = socket.socketpair()
        held.append(pair)
        for end in pair:
            end.setblocking(False)
            try:
                while True:
                    end.send(bytes(100_000))
            except BlockingIOError:
                pass
except OSError:
    print("held", len(held))
