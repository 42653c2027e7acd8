# Opens sockets that see or forge whole packets, and sockets of families with large kernel code.
# outcome: success
# stdout: held
import socket

VSOCK, ALG, BLUETOOTH, CAN, XDP, TIPC, SMC, QRTR = 40, 38, 31, 29, 44, 30, 43, 42
for family, kind, protocol in (
    (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    (socket.AF_INET, socket.SOCK_RAW, 255),
    (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP),
    (socket.AF_INET6, socket.SOCK_RAW, 58),
    (socket.AF_INET, socket.SOCK_STREAM, 132),
    (socket.AF_INET, socket.SOCK_STREAM, 262),
    (socket.AF_PACKET, socket.SOCK_RAW, 0x300),
    (socket.AF_PACKET, socket.SOCK_DGRAM, 0x300),
    *((family, kind, 0) for family in (VSOCK, ALG, BLUETOOTH, CAN, XDP, TIPC, SMC, QRTR, 15, 9, 3)
      for kind in (1, 2, 3, 5)),
):  # fmt: skip
    try:
        socket.socket(family, kind, protocol).close()
        print("ESCAPED:", family, kind, protocol)
    except OSError:
        pass
print("held")
