# Kills its own process group, which is only itself: that is not a limit.
# outcome: runtime_error
# stdout: before
import os
import signal

print("before", flush=True)
os.killpg(0, signal.SIGKILL)
