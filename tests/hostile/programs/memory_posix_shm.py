# Fills /dev/shm, which is part of the box, and as small.
# outcome: success
# stdout: held
try:
    with open("/dev/shm/file", "wb") as file:
        for _ in range(512):
            file.write(bytes(1 << 20))
    print("ESCAPED: 512 MiB in /dev/shm")
except OSError as error:
    print("held" if error.errno == 28 else error)
