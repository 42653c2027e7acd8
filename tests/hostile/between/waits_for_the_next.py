# A daemon that waits for the next test, to write into its folder and its output, and to kill it.
import os
import time

MINE = str(os.getpid())


def look():
    time.sleep(0.2)
    return os.path.exists("mark"), len([name for name in os.listdir("/proc") if name.isdigit()])


def leave():
    if os.fork():
        time.sleep(0.05)
        return
    os.setsid()
    output = os.dup(1)
    while True:
        open(os.path.join("/box/work", "mark"), "w").close()
        for name in os.listdir("/proc"):
            if name.isdigit() and name not in ("1", MINE, str(os.getpid())):
                try:
                    os.kill(int(name), 9)
                    os.write(output, b"ESCAPED")
                except OSError:
                    pass
