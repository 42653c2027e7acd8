# Children in sessions of their own, that ignore every signal.
import os
import signal


def look():
    return len([name for name in os.listdir("/proc") if name.isdigit()])


def leave():
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            if os.fork():
                os._exit(0)
            while True:
                signal.pause()
