# Locks on its own files and on those that all jails read, held by a child that does not end.
import fcntl
import os
import signal

PATHS = ("main.py", "/etc/passwd", "/usr/bin/env")


def look():
    taken = []
    for path in PATHS:
        for lock, kind in ((fcntl.flock, fcntl.LOCK_EX), (fcntl.lockf, fcntl.LOCK_SH)):
            with open(path, "rb") as file:
                try:
                    lock(file, kind | fcntl.LOCK_NB)
                except OSError:
                    taken.append((path, lock.__name__))
    return taken


def leave():
    ready, done = os.pipe()
    if os.fork() == 0:
        os.setsid()
        held = [open(path, "rb") for path in PATHS]
        for file in held:
            fcntl.flock(file, fcntl.LOCK_EX)
        os.write(done, b"x")
        while True:
            signal.pause()
    os.read(ready, 1)
