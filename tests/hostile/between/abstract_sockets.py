# Sockets with abstract names, held by a child.
import os
import signal
import socket


def look():
    try:
        socket.socket(socket.AF_UNIX).connect("\0left")
    except OSError as error:
        return error.errno
    return "connected"


def leave():
    server = socket.socket(socket.AF_UNIX)
    server.bind("\0left")
    server.listen()
    if os.fork() == 0:
        os.setsid()
        while True:
            signal.pause()
