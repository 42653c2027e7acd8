# The umask, the working folder and the names of its threads.
import ctypes
import os


def look():
    mask = os.umask(0)
    os.umask(mask)
    return oct(mask), os.getcwd(), open("/proc/self/comm").read()


def leave():
    os.umask(0o777)
    os.chdir("/tmp")
    ctypes.CDLL(None).prctl(15, b"left", 0, 0, 0)
