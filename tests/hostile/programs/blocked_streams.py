# Makes its streams non-blocking and full, takes their owner's place for signals, and ends.
# outcome: success
import fcntl
import os

for stream in (0, 1, 2):
    os.set_blocking(stream, False)
    fcntl.fcntl(stream, fcntl.F_SETOWN, 1)
    fcntl.fcntl(stream, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
try:
    for _ in range(60):
        os.write(1, b"x" * 1024)
except BlockingIOError:
    pass
