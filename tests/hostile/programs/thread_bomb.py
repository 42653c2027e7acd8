# Starts threads until no more can be started.
# outcome: success
# stdout: held
import threading
import time

try:
    for _ in range(10_000):
        threading.Thread(target=time.sleep, args=[60], daemon=True).start()
    print("ESCAPED: 10,000 threads")
except RuntimeError:
    print("held")
