# Uses memory of the kernel, by datagrams that are sent over the loopback and never read.
# outcome: success | memory_limit | runtime_error | time_limit
# limits: wall_seconds=5 cpu_seconds=5 memory_mib=64
import os
import socket

DATAGRAM = bytes(50_000)
held = []
arrived = 0
for _ in range(7):
    if os.fork() == 0:
        break
try:
    while True:
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        held.append(receiver)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(5):
                sender.sendto(DATAGRAM, receiver.getsockname())
        try:
            arrived += len(receiver.recv(len(DATAGRAM), socket.MSG_PEEK))
        except BlockingIOError:
            pass
except OSError:
    print("ESCAPED" if arrived > 16 << 20 else "held", arrived, flush=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
