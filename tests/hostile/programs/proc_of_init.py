# Reads and writes what /proc shows of init: its memory, descriptors, environment, root.
# outcome: success
# stdout: held
import os

for name in ("environ", "mem", "maps", "exe", "root", "cwd", "fd", "fdinfo", "stack", "syscall", "status",
             "task/1/fd", "ns/mnt", "ns/net", "auxv", "pagemap", "io", "map_files", "cmdline"):  # fmt: skip
    path = f"/proc/1/{name}"
    for attempt in (os.listdir, os.readlink, lambda path: open(path, "rb").read(1)):
        try:
            attempt(path)
            print("ESCAPED:", path)
        except OSError:
            pass
print("held")
