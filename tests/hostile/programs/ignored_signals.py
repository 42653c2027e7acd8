# Ignores every signal that can be ignored.
# outcome: time_limit
# stdout: begun
# limits: wall_seconds=1.5
import signal
import time

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
print("begun", flush=True)
while True:
    time.sleep(60)
