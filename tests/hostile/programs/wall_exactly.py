# Runs for nearly all of its time.
# outcome: success
# stdout: done
# limits: wall_seconds=3
import time

time.sleep(2)
print("done")
