"""Bodies and queries that cost a careless validator the most per byte."""

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Final

Fill = Callable[[int], bytes]
"""Returns a body of about this many bytes."""


def repeated(before: str, unit: str, after: str) -> Fill:
    def fill(size: int) -> bytes:
        times = max(1, (size - len(before) - len(after)) // len(unit.encode()))
        return (before + unit * times + after).encode()

    return fill


def in_program(field: str, value: Fill) -> Fill:
    """Return a submission that is valid except for this field."""
    return lambda size: (
        f'{{"language":"python","source":"","{field}":'.encode() + value(size) + b"}"
    )


def in_list(field: str, unit: str) -> Fill:
    return in_program(field, repeated("[", unit + ",", unit + "]"))


def list_of_200(entry: bytes) -> Fill:
    """Return a list of at most 200 entries."""

    def fill(size: int) -> bytes:
        return b"[" + b",".join([entry] * min(200, size // len(entry))) + b"]"

    return fill


def numbered(pattern: str) -> Fill:
    """Return an object with a different name for each entry."""

    def fill(size: int) -> bytes:
        entries = (pattern % number for number in itertools.count())
        total = size // (len(pattern) + 4)
        return ("{" + ",".join(itertools.islice(entries, total)) + "}").encode()

    return fill


TEXTS: Final[Mapping[str, str]] = {
    "letters": "x",
    "characters of three bytes": "€",
    "escaped line breaks": r"\n",
    "escaped quotes": r"\"",
    "escaped letters": r"\u0041",
    "escaped surrogate pairs": r"\ud83d\ude00",
    "structure": "[{,",
}

SUBMISSIONS: Final[Mapping[str, Fill]] = {
    "args: numbers": in_list("args", "1"),
    "args: empty texts": in_list("args", '""'),
    "args: texts": in_list("args", '"abc"'),
    "args: lists": in_list("args", "[]"),
    "args: maps": in_list("args", '{"":0}'),
    "args: lists in lists": in_list("args", "[" * 60 + "]" * 60),
    "args: floats beyond all": in_list("args", "1e999999"),
    "args: numbers of 4,000 digits": in_list("args", "1" * 4_000),
    "files: empty": in_list("files", "{}"),
    "files: right": in_list("files", '{"name":"a","content":""}'),
    "files: unknown fields": in_program("files", lambda n: b"[" + numbered('"f%d":0')(n) + b"]"),
    "env: wrong values": in_program("env", numbered('"A%d":0')),
    "env: right": in_program("env", numbered('"A%d":""')),
    "env: one name, again and again": in_program("env", repeated("{", '"A":0,', '"A":0}')),
    "labels: wrong values": in_program("labels", numbered('"a%d":0')),
    "limits: unknown": in_program("limits", numbered('"a%d":0')),
    "limits: a map for a number": in_program(
        "limits", lambda n: b'{"cpu_seconds":' + numbered('"a%d":0')(n) + b"}"
    ),
    "limits: a number of a million digits": in_program(
        "limits", repeated('{"cpu_seconds":', "1", "}")
    ),
    "limits: a fraction of a million digits": in_program(
        "limits", repeated('{"cpu_seconds":0.', "1", "}")
    ),
    "limits: an exponent of a million digits": in_program(
        "limits", repeated('{"cpu_seconds":1e', "9", "}")
    ),
    "tests: empty": in_list("tests", "{}"),
    **{
        f"tests: 200 with {what}": in_program("tests", list_of_200(test))
        for what, test in {
            "wrong files": b'{"files":[' + b"1," * 63 + b"1]}",
            "empty files": b'{"files":[' + b"{}," * 63 + b"{}]}",
            "wrong arguments": b'{"args":[' + b"1," * 63 + b"1]}",
            "wrong variables": b'{"env":{' + b",".join(b'"%d":1' % n for n in range(64)) + b"}}",
            "variables with wrong names": b'{"env":{'
            + b",".join(b'"%d":""' % n for n in range(64))
            + b"}}",
            "wrong limits": b'{"limits":{"wall_seconds":"","cpu_seconds":{},"memory_mib":[]},'
            b'"points":""}',
        }.items()
    },
    "compare: bounds": in_program(
        "compare", lambda n: b'{"numbers":' + numbered('"a%d":0')(n) + b"}"
    ),
    "compare: kinds": in_program("compare", numbered('"a%d":0')),
    "checker: unknown fields": in_program("checker", numbered('"a%d":0')),
    "unknown fields": numbered('"f%d":0'),
    "one unknown field with a long name": repeated('{"', "x", '":0}'),
    "one field, again and again": repeated("{", '"source":"",', '"source":""}'),
    "one list, again and again": repeated("{", '"args":[1],', '"args":[1]}'),
    "no object": repeated("[", "1,", "1]"),
    "depth": repeated("", "[", ""),
    "depth in maps": repeated("", '{"a":', ""),
    "white space": repeated("{", " ", "}"),
    "a byte order mark": repeated("\ufeff[", "1,", "1]"),
    "bytes that are not UTF-8": lambda n: b'{"source":"' + b"\xff" * n + b'"}',
    "halves of surrogate pairs": in_program("source", repeated('"', r"\ud800", '"')),
    "no end: escaped quotes": repeated('{"source":"', r"\"", ""),
    "no end: backslashes": repeated('{"source":"', "\\\\", "\\"),
    "a name: slashes": in_program("files", repeated('[{"content":"","name":"', "/", '"}]')),
    "a wrong type beside a long text": lambda n: b'{"language":1,"source":"' + b"x" * n + b'"}',
    "a wrong type beside long labels": lambda n: (
        b'{"language":1,"labels":{"' + b"x" * n + b'":"\\u001b"}}'
    ),
    "base64": in_program("stdin_base64", repeated('"', "AAAA", '"')),
    "no base64": in_program("stdin_base64", repeated('"', "=", '"')),
    **{
        f"a text: {name}": in_program("source", repeated('"', unit, '"'))
        for name, unit in TEXTS.items()
    },
}

OPERATORS: Final[Mapping[str, tuple[str, Fill]]] = {
    "replay: executions": ("replays", in_list("executions", "1")),
    "replay: types": ("replays", in_list("types", '"x"')),
    "replay: a list for a time": ("replays", repeated('{"from":[', "1,", "1]}")),
    "replay: a long time": ("replays", repeated('{"from":"', "1", '"}')),
    "dead letters: unknown fields": ("dead-letters/retry", numbered('"f%d":0')),
    "dead letters: a large limit": ("dead-letters/retry", repeated('{"limit":', "1", "}")),
    "key: a long name": ("keys", repeated('{"name":"', "x", '"}')),
    "key: a list for a role": ("keys", repeated('{"role":[', "[],", "[]]}")),
}

QUERIES: Final[Mapping[str, Fill]] = {
    "labels": repeated("", "label=a:b&", ""),
    "wrong labels": repeated("", "label=a&", ""),
    "empty labels": repeated("", "label=&", ""),
    "states": repeated("", "state=x&", ""),
    "separators": repeated("", "&", ""),
    "one long label": repeated("label=", "a", ""),
    "escapes": repeated("label=", "%41", ""),
    "digits": repeated("limit=", "1", ""),
    "unknown parameters": lambda size: "&".join(f"p{n}=1" for n in range(size // 9)).encode(),
}

RIGHT: Final = json.dumps({"language": "python", "source": "print(1)"}).encode()
