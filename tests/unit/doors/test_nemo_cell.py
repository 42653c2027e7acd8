"""Cells of NeMo Skills' notebooks, run by the program that runs them in the sandbox."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.api.doors.sandboxfusion.nemo import cell


def ran(folder: Path, *cells: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The last one, after the others."""
    (folder / "cells.json").write_text(json.dumps(cells, ensure_ascii=False), "utf-8")
    return subprocess.run(
        [sys.executable, "-S", cell.__file__],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("x = 2\nx + 1", 3),
        ("'b'", "b"),
        ("5;", 5),
        ("x = 1", None),
        ("", None),
        ("import asyncio\nawait asyncio.sleep(0, 'late')", "late"),
        ("def f():\n    return 1\nf()", 1),
    ],
)
def test_a_cell_has_the_value_of_a_last_expression(source: str, value: object) -> None:
    assert cell.run(source, "<cell>", ModuleType("__main__")) == value


def test_the_value_is_printed_after_all_else(tmp_path: Path) -> None:
    source = "import sys\nprint(input(), __name__)\nsys.modules['__main__'].__dict__ is globals()"
    found = ran(tmp_path, source, stdin="in\n")
    assert (found.stdout, found.stderr, found.returncode) == ("in __main__\nTrue\n", "", 0)
    assert ran(tmp_path, "None").stdout == ""


@pytest.mark.parametrize(
    ("source", "last"),
    [("raise SystemExit(0)", "SystemExit: 0"), ("%timeit 1", "SyntaxError: invalid syntax")],
)
def test_a_traceback_goes_to_stdout(tmp_path: Path, source: str, last: str) -> None:
    found = ran(tmp_path, source)
    assert (found.stderr, found.returncode) == ("", 1)
    assert found.stdout.splitlines()[-1] == last


def test_a_traceback_shows_the_cell_alone(tmp_path: Path) -> None:
    found = ran(tmp_path, "a = 0", "def f():\n    return 1 / a\nf()")
    assert 'File "<cell 2>", line 3, in <module>\n    f()\n' in found.stdout
    assert "cell.py" not in found.stdout


def test_a_cell_sees_the_sources_of_all(tmp_path: Path) -> None:
    found = ran(
        tmp_path, "def f():\n    return 1", "import inspect\nprint(inspect.getsource(f).strip())"
    )
    assert found.stdout == "def f():\n    return 1\n"


def test_earlier_cells_are_repeated_in_silence(tmp_path: Path) -> None:
    noisy = "import os, sys\nprint('out')\nprint('err', file=sys.stderr)\nos.system('echo sh')\n5"
    found = ran(tmp_path, noisy, "a = 2\na", "print(a); a + 1")
    assert (found.stdout, found.stderr, found.returncode) == ("2\n3\n", "", 0)


def test_an_earlier_cell_that_fails_now_says_so(tmp_path: Path) -> None:
    found = ran(tmp_path, "raise OSError('now')", "print('never')")
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.endswith("OSError: now\n")


LONG = "x" * 40


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, 2], "[1, 2]"),
        ((1,), "(1,)"),
        ((), "()"),
        (set(), "set()"),
        ({3, 1, 2}, "{1, 2, 3}"),
        (frozenset({1}), "frozenset({1})"),
        ({"b": 1, "a": 2}, "{'b': 1, 'a': 2}"),
        ([LONG, LONG], f"['{LONG}',\n '{LONG}']"),
        (["x" * 90], f"['{'x' * 90}']"),
        ({"a": [LONG, LONG]}, f"{{'a': ['{LONG}',\n  '{LONG}']}}"),
        ({"key": {"b": LONG, "c": LONG}}, f"{{'key': {{'b': '{LONG}',\n  'c': '{LONG}'}}}}"),
        (list(range(30)), "[" + ",\n ".join(map(str, range(30))) + "]"),
    ],
)
def test_collections_have_a_line_for_each_item_if_they_are_long(value: Any, text: str) -> None:
    assert cell.shown(value) == text


def test_what_cannot_be_sorted_is_shown_as_it_is() -> None:
    assert cell.shown({1, "a"}) in ("{1, 'a'}", "{'a', 1}")


def test_other_values_are_shown_as_they_say() -> None:
    class Odd(list[int]):
        def __repr__(self) -> str:
            return "odd"

    assert cell.shown([Odd(range(90))]) == "[odd]"
