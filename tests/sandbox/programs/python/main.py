"""Counts words, to use arguments, environment, stdin, a second file, text and bytes."""

import os
import sys

from lib.total import total


def count_words(text: str) -> dict[str, int]:
    """In order of their first appearance."""
    counts: dict[str, int] = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["fail"]:
        print("before")
        raise RuntimeError("failed as asked")
    for argument in arguments:
        print(f"[{argument}]")
    print(os.environ["WORD"])
    counts = count_words(sys.stdin.read())
    for word, count in counts.items():
        print(f"{count} {word}")
    print(f"total {total(counts)}")
    sys.stderr.buffer.write(bytes(range(256)))


main()
