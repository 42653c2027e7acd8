# Leaves a process without streams, in a session of its own, that would run for ever.
# outcome: success
# stdout: the first one ends
import os
import time

print("the first one ends", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 1024)
        while True:
            time.sleep(0.001)
    os._exit(0)
os.wait()
