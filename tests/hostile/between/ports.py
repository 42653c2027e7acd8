# Ports of the loopback: one in TIME_WAIT, and one on which a child listens.
import errno
import os
import signal
import socket


def look():
    free = []
    for port in (5001, 5002):
        with socket.socket() as server:
            try:
                server.bind(("127.0.0.1", port))
                free.append(port)
            except OSError as error:
                assert error.errno == errno.EADDRINUSE
    return free


def leave():
    server = socket.socket()
    server.bind(("127.0.0.1", 5001))
    server.listen()
    client = socket.create_connection(("127.0.0.1", 5001))
    accepted, _ = server.accept()
    accepted.close()
    client.recv(1)
    client.close()
    server.close()
    server = socket.socket()
    server.bind(("127.0.0.1", 5002))
    server.listen()
    if os.fork() == 0:
        os.setsid()
        while True:
            signal.pause()
