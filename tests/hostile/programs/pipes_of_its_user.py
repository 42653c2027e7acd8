# Uses up the memory that a user may have in pipes: other programs' input goes through pipes too.
# outcome: time_limit | memory_limit
# limits: wall_seconds=1
import fcntl
import os
import time

for _ in range(20):
    if os.fork() == 0:
        try:
            while True:
                _, write_end = os.pipe()
                try:
                    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 1 << 20)
                except PermissionError:
                    pass
        except OSError:
            time.sleep(60)
time.sleep(60)
