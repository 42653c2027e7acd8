# Serves itself: even that has no network, so that nothing waits for it.
# outcome: success
# stdout: held
import socket

server = socket.socket()
server.bind(("0.0.0.0", 0))
server.listen()
try:
    socket.create_connection(("127.0.0.1", server.getsockname()[1]), 0.5)
    print("ESCAPED")
except OSError:
    print("held")
