# Timers, and a child that sends alarms.
import signal


def look():
    return [signal.getitimer(which) for which in (0, 1, 2)], signal.sigpending()


def leave():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGVTALRM])
    for which in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(which, 1000, 1000)
    signal.raise_signal(signal.SIGALRM)
