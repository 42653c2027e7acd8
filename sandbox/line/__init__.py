"""Files that make a program print each line immediately; loaded into it, in a jail or in a pod.

They run as the program does and hold nothing of ours, so the program may do with them as it likes.
"""

from pathlib import Path
from typing import Final

FILES: Final = tuple(
    Path(__file__).with_name(name) for name in ("line.so", "sitecustomize.py", "line.rb")
)
"""line.so is for everything that prints with the C library.

It is built from line.c when the package is installed, and fits every C library, since it needs no
library itself.
"""
