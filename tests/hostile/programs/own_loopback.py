# Serves itself on its own loopback, where the port is free whoever else uses it.
# outcome: success
# stdout: served
import os
import socket

port = int(os.environ["HOST_PORT"])
with socket.create_server(("127.0.0.1", port)) as server:
    with socket.create_connection(("127.0.0.1", port), 1) as client:
        client.sendall(b"served\n")
        print(server.accept()[0].recv(100).decode(), end="")
