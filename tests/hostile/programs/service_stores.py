# Looks for the service's own folder, its sockets, and for descriptors that were left open.
# outcome: success
# stdout: looked
import os
import socket

folder = os.environ["HOST_FOLDER"]
for path in (folder, f"{folder}/podline.db", f"{folder}/data/pods", "/run", "/box/../run", "/work"):
    if os.path.lexists(path):
        print("ESCAPED:", path)
for name in ("redis.sock", "sandbox.sock"):
    try:
        socket.socket(socket.AF_UNIX).connect(f"{folder}/{name}")
        print("ESCAPED:", name)
    except OSError:
        pass
for descriptor in range(3, 1024):
    try:
        os.fstat(descriptor)
        print("ESCAPED: descriptor", descriptor)
    except OSError:
        pass
print("looked")
