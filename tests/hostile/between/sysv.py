# System V shared memory, semaphores and message queues. Without cgroups a program has none.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
CREATE, KEY = 0o1000 | 0o666, 0x1234


def look():
    return [libc.shmget(KEY, 1, 0) >= 0, libc.semget(KEY, 1, 0) >= 0, libc.msgget(KEY, 0) >= 0]


def leave():
    made = [libc.shmget(KEY, 1 << 20, CREATE), libc.semget(KEY, 1, CREATE), libc.msgget(KEY, CREATE)]
    if max(made) < 0:
        return "refused"
