# Uses up the descriptors that a user may have in transit: the jails' streams are sent like that.
# outcome: time_limit
# limits: wall_seconds=1
import socket
import time

held = []
try:
    while True:
        pair = socket.socketpair()
        held.append(pair)
        for _ in range(8):
            socket.send_fds(pair[0], [b"x"], [0] * 200)
except OSError:
    time.sleep(60)
