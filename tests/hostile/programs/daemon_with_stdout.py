# Leaves a process that keeps stdout open and continues to write to it.
# outcome: success
# stdout: first
import os

print("first", flush=True)
if os.fork() == 0:
    os.setsid()
    while True:
        os.write(1, b"")
