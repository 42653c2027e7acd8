# Each of its processes uses little CPU time; all together use too much.
# outcome: time_limit
# limits: cpu_seconds=0.5
import os

for _ in range(8):
    if os.fork() == 0:
        break
while True:
    pass
