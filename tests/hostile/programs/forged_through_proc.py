# Opens its streams again in the wrong direction: reads its output back, and writes to its input.
# outcome: runtime_error
# stdout: kept
import os

for path, flags in (("/dev/stdin", os.O_WRONLY), ("/dev/stdout", os.O_RDONLY), ("/proc/self/fd/2", os.O_RDWR)):
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK)
        os.write(descriptor, b"x") if flags == os.O_WRONLY else os.read(descriptor, 1)
    except OSError:
        pass
os.write(1, b"kept\n")
os._exit(4)
