# Kills its own process group: that is itself, and it is no limit.
# outcome: runtime_error
# stdout: before
import os
import signal

print("before", flush=True)
os.killpg(0, signal.SIGKILL)
