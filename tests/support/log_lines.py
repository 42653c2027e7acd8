"""Reads logs in text, as a collector with a parser of logfmt does."""

import json
import re
from typing import Final

ALWAYS: Final = ["time", "level", "role", "logger", "message"]
"""The keys that each of our lines begins with."""

_FIELD: Final = re.compile(r'([a-z_-]+)=("(?:[^"\\]|\\.)*"|[^\s"=]*)')


def fields_of(line: str) -> dict[str, str]:
    """The fields of a line, all of which is logfmt."""
    found, end = {}, 0
    for match in _FIELD.finditer(line):
        assert match.start() == (end + 1 if end else 0), f"no logfmt: {line}"
        name, value = match.groups()
        found[name] = json.loads(value) if value.startswith('"') else value
        end = match.end()
    assert end == len(line), f"no logfmt: {line}"
    return found


def entries(text: str) -> list[dict[str, str]]:
    """The fields of each line. Skips the lines of tracebacks."""
    lines = (line for line in text.split("\n") if line and not line.startswith("  "))
    return [fields_of(line) for line in lines]
