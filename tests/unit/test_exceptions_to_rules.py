"""Whoever switches a check off says why, on the same line."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = sorted(
    path
    for folder in ("app", "benchmarks", "docs", "podline", "sandbox", "tasks", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "programs" not in path.parts
)
SWITCHED_OFF: Final = re.compile(r"#\s*(type: ignore|noqa)\b|\bexcept (Base)?Exception\b.*:")
"""A check of mypy or ruff; or the rule that no `except` is broader than it must be."""
WITH_REASON: Final = re.compile(
    r"# (type: ignore\[[\w, -]+\]|noqa: [A-Z]+\d+)  # \w|\bexcept (Base)?Exception\b.*:.*  # \w"
)


def unexplained(text: str) -> list[int]:
    """The numbers of the lines that give no reason."""
    return [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if SWITCHED_OFF.search(line) and not WITH_REASON.search(line)
    ]


def test_every_exception_has_its_reason() -> None:
    assert len(SOURCES) > 500
    found = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if path != Path(__file__) and (lines := unexplained(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("line", "explained"),
    [
        ("x = f()", True),
        ("x = f()  # type: ignore[misc]", False),
        ("x = f()  # type: ignore", False),
        ("x = f()  # type: ignore[misc]  # the stub is wrong", True),
        ("import x  # noqa", False),
        ("import x  # noqa: F401", False),
        ("import x  # noqa: F401  # defines the options", True),
        ("except Exception:", False),
        ("except BaseException as error:", False),
        ("except Exception as error:  # noqa: BLE001  # raised again", True),
        ("except Exception:  # a thread's last resort", True),
        ("except ValueError:", True),
    ],
)
def test_what_counts_as_a_reason(line: str, explained: bool) -> None:
    assert (unexplained(line) == []) is explained
