# Fills the disk in every writable place: all are on one small disk.
# outcome: success
# stdout: held

written = 0
for folder in ("/box/work", "/tmp", "/dev/shm", "/box"):
    try:
        with open(f"{folder}/big", "wb", buffering=0) as file:
            for _ in range(100):
                written += file.write(bytes(1 << 20))
    except OSError:
        pass
print("held" if written <= 8 << 20 else f"ESCAPED: {written} bytes")
