# Priorities, scheduling and the choice of processors.
import os


def look():
    return (
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getscheduler(0),
        sorted(os.sched_getaffinity(0)),
        open("/proc/self/oom_score_adj").read(),
    )


def leave():
    os.nice(3)
    for change in (
        lambda: os.setpriority(os.PRIO_USER, 0, 5),
        lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)),
        lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
        lambda: open("/proc/self/oom_score_adj", "w").write("900"),
    ):
        try:
            change()
        except OSError:
            pass
