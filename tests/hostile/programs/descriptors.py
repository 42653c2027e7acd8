# Opens files until no more can be opened.
# outcome: success
# stdout: held
import os

try:
    for _ in range(100_000):
        os.open("/dev/null", os.O_RDONLY)
    print("ESCAPED: 100,000 descriptors")
except OSError as error:
    print("held" if error.errno == 24 else error)
