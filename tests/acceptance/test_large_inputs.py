"""Inputs of several megabytes reach the program whole, or are refused by name."""

import json
from hashlib import sha256
from typing import Any, Final, cast

import pytest

from podline import Client, Execution, Invalid, NotFound, Program

MIB: Final = 1024 * 1024
WHOLE: Final = 12 * MIB
SOURCE: Final = """\
import hashlib, sys
for file in sys.stdin.buffer, open("data", "rb"):
    print(hashlib.sha256(file.read()).hexdigest())
"""


def text(size: int, first: int) -> str:
    """Text that repeats itself only after 9,240 characters."""
    letters = "".join(chr(ord("a") + (first + n % 24 + n % 55) % 26) for n in range(9_240))
    return (letters * (size // len(letters) + 1))[:size]


def submission(stdin_bytes: int, data_bytes: int) -> dict[str, Any]:
    """One whose expected output is right. The files together have `data_bytes`."""
    stdin, data = text(stdin_bytes, 1), text(data_bytes - len(SOURCE), 2)
    sums = [sha256(content.encode()).hexdigest() for content in (stdin, data)]
    return {
        "language": "python",
        "files": {"main.py": SOURCE, "data": data},
        "entrypoint": "main.py",
        "stdin": stdin,
        "expected_output": "\n".join(sums),
    }


def body_of(sent: dict[str, Any]) -> dict[str, Any]:
    """What the client sends."""
    files = [
        {"name": name, "content": content, "encoding": "utf-8"}
        for name, content in sent["files"].items()
    ]
    return sent | {"files": files}


def size_of(sent: dict[str, Any]) -> int:
    return len(json.dumps(body_of(sent), separators=(",", ":")).encode())


def the_largest() -> dict[str, Any]:
    """As large as a submission can be."""
    rest = size_of(submission(0, len(SOURCE)))
    sent = submission(6 * MIB, WHOLE - 6 * MIB - rest + len(SOURCE))
    assert size_of(sent) == WHOLE
    return sent


def input_bytes(sent: dict[str, Any]) -> int:
    """What counts for the runtime: names do, too."""
    files = sent["files"].items()
    return len(sent["stdin"]) + sum(len(name) + len(content) for name, content in files)


def too_much(client: Client, sent: dict[str, Any]) -> bool:
    """Whether the runtime of this service takes less, as it says."""
    most = client.limits().max_input_bytes
    return most is not None and input_bytes(sent) > most


@pytest.mark.parametrize("which", ["stdin", "files", "whole"])
def test_a_large_input(client: Client, which: str) -> None:
    sent = {
        "stdin": lambda: submission(8 * MIB, MIB),
        "files": lambda: submission(MIB, 8 * MIB),
        "whole": the_largest,
    }[which]()
    if too_much(client, sent):
        with pytest.raises(Invalid) as error:
            client.submit(**sent)
        (problem,) = error.value.problem.errors
        assert problem.pointer == ("/files" if which == "files" else "/stdin")
        assert "are possible here" in problem.detail
        return

    execution = client.run(**sent)

    assert (execution.state, execution.outcome) == ("completed", "success"), execution.message
    assert client.submission(execution.id) == body_of(sent)
    client.delete(execution.id)
    with pytest.raises(NotFound):
        client.submission(execution.id)


def test_a_large_input_is_run_again(client: Client) -> None:
    """As large as the runtime takes it, up to 6 MiB."""
    size = min(client.limits().max_input_bytes or 6 * MIB, 6 * MIB)
    sent = submission(size - size // 6 - len("main.py" + "data"), size // 6)
    assert input_bytes(sent) == size
    first = client.submit(**sent)
    again = client.submit_many([cast(Program, sent)] * 2)
    ended = [client.wait(each.id) for each in (first, *again) if isinstance(each, Execution)]
    retried = client.wait(client.retry(first.id).id)
    assert [each.outcome for each in (*ended, retried)] == ["success"] * 4
