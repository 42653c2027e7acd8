"""Compares two texts that are made piece by piece."""

from collections.abc import Iterator


def same(first: Iterator[bytes], second: Iterator[bytes]) -> bool:
    """Whether the pieces of both, put together, are the same."""
    left = right = b""
    while True:
        left = left or next(first, b"")
        right = right or next(second, b"")
        size = min(len(left), len(right))
        if not size:
            return not left and not right
        if left[:size] != right[:size]:
            return False
        left, right = left[size:], right[size:]
