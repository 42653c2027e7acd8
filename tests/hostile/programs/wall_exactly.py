# Takes nearly all of its time.
# outcome: success
# stdout: done
# limits: wall_seconds=1
import time

time.sleep(0.8)
print("done")
