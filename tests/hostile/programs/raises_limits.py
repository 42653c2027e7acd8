# Raises its own limits, and takes real-time priority.
# outcome: success
# stdout: held
import os
import resource

for kind in range(resource.RLIM_NLIMITS if hasattr(resource, "RLIM_NLIMITS") else 16):
    _, hard = resource.getrlimit(kind)
    if hard == resource.RLIM_INFINITY or kind == resource.RLIMIT_CORE:
        continue
    try:
        resource.setrlimit(kind, (hard + 1, hard + 1))
        print("ESCAPED: limit", kind)
    except ValueError:
        pass
for change in (
    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    lambda: os.nice(-1),
):
    try:
        change()
        print("ESCAPED: priority")
    except PermissionError:
        pass
print("held")
