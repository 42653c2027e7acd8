# Watches and handles on what the next test starts.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def look():
    watcher = libc.inotify_init1(os.O_NONBLOCK)
    watching = libc.inotify_add_watch(watcher, b"/box/work", 0x100)
    try:
        return watching, os.read(watcher, 100)
    except BlockingIOError:
        return watching, b""


def leave():
    watcher = libc.inotify_init1(0)
    libc.inotify_add_watch(watcher, b"/box/work", 0x100)
    if os.fork() == 0:
        os.setsid()
        os.read(watcher, 100)
        open(os.path.join("/box/work", "seen"), "w").close()
        os._exit(0)
    return "unseen"
