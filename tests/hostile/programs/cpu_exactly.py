# Uses nearly all of its CPU time.
# outcome: success
# stdout: done
# limits: cpu_seconds=0.5 wall_seconds=20
import time

while time.process_time() < 0.4:
    pass
print("done")
