# Asks the cloud for the host's credentials, and other addresses for anything.
# outcome: success
# stdout: held
import socket

for host, port in (("169.254.169.254", 80), ("fd00:ec2::254", 80), ("1.1.1.1", 443), ("8.8.8.8", 53), ("10.0.0.1", 443)):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as caller:
                caller.settimeout(0.5)
                caller.connect((host, port))
            print("ESCAPED:", host, port)
        except OSError:
            pass
try:
    socket.getaddrinfo("example.com", 80)
    print("ESCAPED: names are resolved")
except OSError:
    pass
print("held")
