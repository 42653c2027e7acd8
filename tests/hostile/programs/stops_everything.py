# Stops all processes that it can see, and init by its number.
# outcome: success
# stdout: it alone continues
import os
import signal
import time

children = []
for _ in range(3):
    children.append(os.fork())
    if children[-1] == 0:
        time.sleep(60)
for pid in (-1, 1, *range(2, 200)):
    if pid != os.getpid():
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError:
            pass
print("it alone continues")
