"""Files that make a program print each line immediately: loaded into it, in a jail or in a pod.

They run as the program does and hold nothing of ours, so the program may do with them as it likes.
"""

from pathlib import Path
from typing import Final

FILES: Final = tuple(
    Path(__file__).with_name(name) for name in ("line.so", "sitecustomize.py", "line.rb")
)
"""line.so, for all that prints with the C library, is built of line.c when the package is
installed. It needs no library, so it fits into every C library.
"""
