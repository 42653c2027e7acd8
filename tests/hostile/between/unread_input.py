# Input that it did not read, and a child that waits for more.
import os
import sys


def look():
    return sys.stdin.readline()


def leave():
    if os.fork() == 0:
        os.setsid()
        while True:
            sys.stdin.read(1)
