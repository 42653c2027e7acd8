# POSIX message queues. A program may have none.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def look():
    return libc.mq_open(b"/left", os.O_RDWR) >= 0


def leave():
    if libc.mq_open(b"/left", os.O_RDWR | os.O_CREAT, 0o666, None) < 0:
        return "refused"
