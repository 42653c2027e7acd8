# Writes to the system's folders, and makes them writable.
# outcome: success
# stdout: held
import os

for path in ("/usr/bin/env", "/etc/passwd", "/etc/ld.so.cache", "/usr/lib/os-release", "/file",
             "/usr/file", "/etc/file", "/dev/file", "/proc/file", "/lib/file"):  # fmt: skip
    for change in (
        lambda path: os.close(os.open(path, os.O_WRONLY | os.O_CREAT)),
        lambda path: os.chmod(path, 0o777),
        lambda path: os.utime(path),
        os.remove,
    ):
        try:
            change(path)
            print("ESCAPED:", path)
        except OSError:
            pass
print("held")
