# Writes bytes that are not text: terminal sequences, NULs, broken UTF-8.
# outcome: success
# stdout: end
import os

os.write(1, bytes(range(256)) * 10 + b"\x1b]0;title\x07\x1b[2J\n\xed\xa0\x80\n" + b"end\n")
