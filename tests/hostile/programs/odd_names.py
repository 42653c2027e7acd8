# Leaves files with names that confuse scripts.
# outcome: success
# stdout: 7
import os

for name in (b"-rf", b"*", b"a\nb", b"\xff\xfe", b" ", b"x" * 255, "\u202e".encode()):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
print(len(os.listdir(".")) - 1)
