# Shared memory and semaphores with names.
import ctypes
import os
from multiprocessing import shared_memory

libc = ctypes.CDLL(None)


def look():
    return os.listdir("/dev/shm")


def leave():
    made = shared_memory.SharedMemory("left", create=True, size=1 << 20)
    made.buf[0] = 1
    libc.sem_open(b"/left", os.O_CREAT, 0o666, 1)
