"""Runs the cells in `cells.json` as IPython runs cells. This file runs in the sandbox, beside it.

Only the last one prints: the others were run before, and are repeated for what they define. The
value of a last expression is printed, and a traceback goes to stdout. The exit code is 1 if a cell
raised an exception. There is no IPython here, so magics are errors of syntax.
"""

import ast
import json
import linecache
import os
import sys
import traceback
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

COLUMNS = 79
"""As in IPython."""
AWAITS = 0x80
"""The flag of code that has to be awaited: `inspect.CO_COROUTINE`."""
BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    dict: ("{", "}"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


def main() -> int:
    *earlier, last = json.loads(Path("cells.json").read_text("utf-8"))
    sys.argv = [""]
    sys.modules["__main__"] = module = types.ModuleType("__main__")
    with silent():
        for number, source in enumerate(earlier, start=1):
            run(source, f"<cell {number}>", module)
    try:
        value = run(last, f"<cell {len(earlier) + 1}>", module)
        if value is not None:
            print(shown(value))
    except BaseException as error:  # noqa: BLE001  # whatever a cell raises is shown
        frames = error.__traceback__
        while frames and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames, file=sys.stdout)
        return 1
    return 0


@contextmanager
def silent() -> Iterator[None]:
    """Nothing is printed, not even by other processes."""
    streams = {number: os.dup(number) for number in (1, 2)}
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number in streams:
        os.dup2(nothing, number)
    try:
        yield
    finally:
        for number, stream in ((1, sys.stdout), (2, sys.stderr)):
            stream.flush()
            os.dup2(streams[number], number)
            os.close(streams[number])
        os.close(nothing)


def run(source: str, name: str, module: types.ModuleType) -> object:
    """Execute all statements, and return the value of the last if it is an expression."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    evaluate(tree, name, module)
    return (
        evaluate(ast.Expression(last.value), name, module) if isinstance(last, ast.Expr) else None
    )


def evaluate(tree: "ast.Module | ast.Expression", name: str, module: types.ModuleType) -> object:
    """Cells may await at the top level."""
    mode = "eval" if isinstance(tree, ast.Expression) else "exec"
    code = compile(tree, name, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = eval(code, module.__dict__)
    if not code.co_flags & AWAITS:
        return value
    import asyncio  # takes longer than all other modules together

    return asyncio.run(value)


def shown(value: object, column: int = 0, indent: int = 0) -> str:
    """As IPython's pretty printer: a collection that doesn't fit has a line for each item.

    It begins in that column. Its further lines are indented by so much, and its opening bracket.
    """
    kind = type(value)
    if kind not in BRACKETS or not value:
        return repr(value)
    opening, closing = BRACKETS[kind]
    indent += len(opening)
    items = list(items_shown(value, column + len(opening), indent))
    if kind is tuple and len(items) == 1:
        closing = ",)"
    line = opening + ", ".join(items) + closing
    if column + len(line) <= COLUMNS and "\n" not in line:
        return line
    return opening + (",\n" + " " * indent).join(items) + closing


def items_shown(value: object, column: int, indent: int) -> Iterable[str]:
    """Each on a line of its own, but the first. Those of a set are sorted, if they can be."""
    if isinstance(value, dict):
        for key, item in value.items():
            name = f"{key!r}: "
            yield name + shown(item, column + len(name), indent)
            column = indent
    elif isinstance(value, (list, tuple, set, frozenset)):
        items = list(value)
        if isinstance(value, (set, frozenset)):
            try:
                items.sort()
            except TypeError:
                items = list(value)
        for item in items:
            yield shown(item, column, indent)
            column = indent


if __name__ == "__main__":
    sys.exit(main())
