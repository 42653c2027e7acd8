# Symbolic and hard links, FIFOs and sockets, in place of the program's files.
import os
import socket


def look():
    found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in os.scandir(".")]
    return sorted((name, about.st_mode, about.st_nlink) for name, about in found)


def leave():
    os.link("main.py", "other.py")
    os.unlink("data.txt")
    os.symlink("/etc/passwd", "data.txt")
    os.symlink("/etc", "folder")
    os.mkfifo("fifo")
    socket.socket(socket.AF_UNIX).bind("socket")
