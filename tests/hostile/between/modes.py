# Modes and times of the folders that every run finds.
import os

FOLDERS = (".", "/box", "/box/tmp", "/box/shm")


def look():
    return [(path, oct(os.stat(path).st_mode), os.stat(path).st_mtime > 2**32) for path in FOLDERS]


def leave():
    for path in FOLDERS:
        try:
            os.utime(path, (2**33, 2**33))
            os.chmod(path, 0o700)
        except PermissionError:
            pass  # /box itself is not the program's
