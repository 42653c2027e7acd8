# Connects to a service of the host at every address that the host has for itself.
# outcome: success
# stdout: held
import os
import socket

port = int(os.environ["HOST_PORT"])
for address in ("127.0.0.1", "127.0.0.2", "0.0.0.0", "localhost", "::1", "::ffff:127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as caller:
            caller.settimeout(0.5)
            caller.connect((address, port))
        print("ESCAPED:", address)
    except OSError:
        pass
print("held")
