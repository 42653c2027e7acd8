# Connects to a socket that has no file, and so no permissions.
# outcome: success
# stdout: held
import os
import socket

names = {os.environ["HOST_SOCKET"], "/tmp/.X11-unix/X0", "/run/dbus/system_bus_socket"}
with open("/proc/net/unix") as file:
    names |= {line.split("@")[1].strip() for line in file if "@" in line}
for name in names:
    try:
        socket.socket(socket.AF_UNIX).connect("\0" + name)
        print("ESCAPED:", name)
    except OSError:
        pass
print("held")
