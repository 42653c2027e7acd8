# Sends every signal to init, by number and by descriptor. Its own end is still reported exactly.
# outcome: runtime_error
# stdout: sent
import os
import signal

for number in range(1, signal.NSIG):
    os.kill(1, number)
init = os.pidfd_open(1)
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGCHLD):
    signal.pidfd_send_signal(init, number)
print("sent", flush=True)
os._exit(7)
