# Creates empty files until it can create no more.
# outcome: success
# stdout: held
import os

try:
    for number in range(1_000_000):
        os.mknod(str(number))
    print("ESCAPED: a million files")
except OSError as error:
    print("held" if error.errno == 28 else error)
