# Starts as many processes as it may have, and not one more.
# outcome: success
# stdout: held at 16
# limits: processes=16
import os
import time

count = 1
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
        count += 1
except BlockingIOError:
    print("held at", count)
