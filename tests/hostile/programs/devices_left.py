# Makes devices, which it must not, and leaves FIFOs and sockets, on which a reader would hang.
# outcome: success
# stdout: held
import os
import socket
import stat

for number, kind in ((0x801, stat.S_IFBLK), (0x101, stat.S_IFCHR), (0x503, stat.S_IFCHR)):
    try:
        os.mknod(f"device{number}", kind | 0o666, number)
        print("ESCAPED: device", number)
    except PermissionError:
        pass
os.remove("main.py")
os.mkfifo("main.py")
socket.socket(socket.AF_UNIX).bind("socket")
print("held")
