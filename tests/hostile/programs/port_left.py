# Leaves a server that outlives it, for the next program to find.
# outcome: success
# stdout: served
import os
import socket
import time

server = socket.create_server(("0.0.0.0", 8080))
print("served")
if os.fork() == 0:
    os.setsid()
    while True:
        server.accept()
        time.sleep(1)
