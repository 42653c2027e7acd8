# Talks to the kernel's configuration: changes the loopback, and opens each of its subsystems.
# outcome: success
# stdout: held
import socket
import struct

for protocol in range(1, 32):
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol).close()
        print("ESCAPED: netlink", protocol)
    except OSError:
        pass
link_up = struct.pack("<IHHIIBxHiII", 32, 16, 5, 1, 0, 0, 0, 1, 1, 1)
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
    route.send(link_up)
    error = struct.unpack_from("<i", route.recv(4096), 16)[0]
print("held" if error < 0 else "ESCAPED")
