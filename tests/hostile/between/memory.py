# Most of its memory, in objects that outlive a process.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
SIZE = 24 << 20


def look():
    taken = bytearray(SIZE)
    taken[::4096] = b"x" * (SIZE // 4096)
    return len(taken), os.statvfs("/box").f_bavail > 1000, os.path.exists("/dev/shm/left")


def leave():
    made = libc.shmget(0x77, SIZE, 0o1666)
    if made >= 0:  # not without cgroups
        ctypes.memset(libc.shmat(made, None, 0), 1, SIZE)
    with open("/dev/shm/left", "wb") as left:
        left.write(b"x" * (6 << 20))
