# Uses up the file watchers of its user.
# outcome: success
# stdout: held
import ctypes

libc = ctypes.CDLL(None)
for _ in range(100_000):
    if libc.inotify_init() < 0:
        print("held")
        break
