"""Runs the cells in `cells.json` as IPython runs cells. This file runs in the sandbox, beside it.

Only the last one prints: the others were run before, and are repeated for what they define. The
value of a last expression is printed, and a traceback goes to stdout. The exit code is 1 if a cell
raised an exception. There is no IPython here, so magics are errors of syntax.

Most cells are small, and their cost is that of starting: 30 ms of CPU time with the modules ast,
json, pathlib and traceback, and 12 ms without. So nothing is imported that Python itself has not.
"""

import _ast
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

COLUMNS = 79
"""As in IPython."""
PARSE: int = _ast.PyCF_ONLY_AST
AWAITS = 0x80
"""The flag of code that has to be awaited: `inspect.CO_COROUTINE`."""
SOURCES: dict[str, str] = {}
"""Of the cells, by the names that tracebacks have for them."""
BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    dict: ("{", "}"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


def main() -> int:
    with open("cells.json", encoding="utf-8") as file:
        *earlier, last = eval(file.read())  # strings, which JSON writes as Python does
    sys.argv = [""]
    sys.modules["__main__"] = module = type(sys)("__main__")
    repeat(earlier, module)
    try:
        value = run(last, f"<cell {len(earlier) + 1}>", module)
        if value is not None:
            print(shown(value))
    except BaseException as error:  # noqa: BLE001  # whatever a cell raises is shown
        print_error(error)
        return 1
    return 0


def repeat(cells: "Sequence[str]", module: "ModuleType") -> None:
    """Run them while nothing is printed, not even by other processes."""
    streams = {number: os.dup(number) for number in (1, 2)}
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number in streams:
        os.dup2(nothing, number)
    try:
        for number, source in enumerate(cells, start=1):
            run(source, f"<cell {number}>", module)
    finally:
        for number, stream in ((1, sys.stdout), (2, sys.stderr)):
            stream.flush()
            os.dup2(streams[number], number)
            os.close(streams[number])
        os.close(nothing)


def print_error(error: BaseException) -> None:
    """With the frames of cells, and not those of this file."""
    import traceback

    show_sources()
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames, file=sys.stdout)


def show_sources() -> None:
    """Let tracebacks and `inspect.getsource` find the lines of cells."""
    import linecache

    for name, source in SOURCES.items():
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def run(source: str, name: str, module: "ModuleType") -> object:
    """Execute all statements, and return the value of the last if it is an expression."""
    SOURCES[name] = source
    if "inspect" in source:
        show_sources()
    tree: _ast.Module = compile(source, name, "exec", PARSE)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], _ast.Expr) else None
    evaluate(tree, name, module)
    return (
        evaluate(_ast.Expression(last.value), name, module) if isinstance(last, _ast.Expr) else None
    )


def evaluate(tree: "_ast.Module | _ast.Expression", name: str, module: "ModuleType") -> object:
    """Cells may await at the top level."""
    mode = "eval" if isinstance(tree, _ast.Expression) else "exec"
    code = compile(tree, name, mode, _ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
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


def items_shown(value: object, column: int, indent: int) -> "Iterator[str]":
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
