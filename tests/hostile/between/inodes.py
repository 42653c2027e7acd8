# All inodes of its box.
import os


def look():
    return os.statvfs("/box").f_ffree


def leave():
    try:
        for number in range(1_000_000):
            os.mkdir(f"/tmp/{number}")
    except OSError:
        pass
