"""What the daemon limits itself to."""

import contextlib
import resource


def limit_daemon() -> None:
    """What the daemon takes upon itself, and all that it starts inherits.

    A core limit of 1 is the one value that keeps the kernel from starting the host's crash handler,
    as root and outside (core(5), "Piping core dumps to a program"); the filter of system calls
    holds programs to it. Descriptors on their way between processes are counted per user, against
    the limit of the one that sends: the daemon's has to be above what a program of the same user
    may have on the way (unix(7), ETOOMANYREFS).
    """
    with contextlib.suppress(ValueError):  # only root can raise a limit that is 0 already
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
