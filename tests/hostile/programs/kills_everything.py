# Kills all processes that it can see.
# outcome: success
# stdout: it alone is left
import os
import signal
import time

for _ in range(3):
    if os.fork() == 0:
        time.sleep(60)
os.kill(-1, signal.SIGKILL)
print("it alone is left")
