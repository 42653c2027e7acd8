# Closes its streams, so that whatever opens next gets their numbers.
# outcome: success
import os

for stream in range(3):
    os.close(stream)
assert os.open("0", os.O_CREAT | os.O_RDWR) == 0
os.write(0, b"to a file")
