# Each of its processes uses little memory; all together use too much.
# outcome: memory_limit
import os
import time

for _ in range(16):
    if os.fork() == 0:
        held = bytearray(b"x" * 16_000_000)
        time.sleep(60)
for _ in range(16):
    os.wait()
raise SystemExit(1)
