# Writes as much as it may on each stream, after making the pipes as large as possible.
# outcome: success
import fcntl
import os

for stream in (1, 2):
    fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 1 << 20)
    assert os.write(stream, b"x" * 64 * 1024) == 64 * 1024
