"""The limits of the daemon itself."""

import contextlib
import resource


def limit_daemon() -> None:
    """Set limits that everything which the daemon starts inherits.

    A core limit of 1 is the only value that keeps the kernel from starting the host's crash
    handler, as root and outside the jail (core(5), "Piping core dumps to a program"); the filter of
    system calls prevents programs from raising it. Descriptors in transit between processes are
    counted per user, against the limit of the sender. So the daemon's limit has to be above what a
    program of the same user may have in transit (unix(7), ETOOMANYREFS).
    """
    with contextlib.suppress(ValueError):  # only root can raise a limit that is 0 already
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
