"""The state machine of app/domain/execution.py as a picture and as Mermaid text."""

from typing import Final, NamedTuple

from app.domain.execution import TERMINAL, TRANSITIONS, State

_WIDTH, _HEIGHT = 930, 300
_BOX_WIDTH, _BOX_HEIGHT = 100, 36
_PATH: Final = (
    State.QUEUED,
    State.ADMITTED,
    State.STARTING,
    State.RUNNING,
    State.FINISHED,
    State.COMPLETED,
)
"""The way of an execution that nothing happens to: one row, left to right."""


class Point(NamedTuple):
    x: float
    y: float


PLACES: Final = {
    **{state: Point(75 + 156 * index, 110) for index, state in enumerate(_PATH)},
    State.CANCELLED: Point(290, 265),
    State.FAILED: Point(496, 265),
}
"""The middle of each box."""

_STYLE: Final = """
  rect { fill: #eef2ff; stroke: #4353a8; stroke-width: 1.5 }
  rect.terminal { fill: #f3f4f6; stroke: #4b5563; stroke-width: 2.5 }
  text { font: 14px sans-serif; text-anchor: middle; fill: #111827 }
  path { fill: none; stroke: #4353a8; stroke-width: 1.5; marker-end: url(#arrow) }
  path.again { stroke: #b45309; stroke-dasharray: 5 3 }
  path.ends { stroke: #9ca3af }
  #background { fill: #ffffff; stroke: none }
"""


def transitions() -> list[tuple[State, State]]:
    """Every edge, in the order in which the states are declared."""
    return [(before, after) for before in State for after in State if after in TRANSITIONS[before]]


def mermaid() -> str:
    """https://mermaid.js.org/syntax/stateDiagram.html"""
    lines = ["stateDiagram-v2", f"    [*] --> {State.QUEUED}"]
    lines += [f"    {before} --> {after}" for before, after in transitions()]
    lines += [f"    {state} --> [*]" for state in State if state in TERMINAL]
    return "\n".join(lines)


def svg() -> str:
    """The same as a picture that needs no JavaScript; each arrow has its transition as title."""
    arrows = [_arrow(before, after) for before, after in transitions()]
    boxes = [_box(state) for state in State]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
            "<title>The states of an execution</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
            ' markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="context-stroke"'
            ' style="marker-end: none; stroke: none; fill: #4b5563"/></marker></defs>',
            f'<rect id="background" width="{_WIDTH}" height="{_HEIGHT}"/>',
            *arrows,
            *boxes,
            "</svg>\n",
        ]
    )


def _box(state: State) -> str:
    x, y = PLACES[state]
    left, top = x - _BOX_WIDTH / 2, y - _BOX_HEIGHT / 2
    kind = ' class="terminal"' if state in TERMINAL else ""
    return (
        f'<rect{kind} x="{left:g}" y="{top:g}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"/>'
        f'<text x="{x:g}" y="{y + 5:g}">{state}</text>'
    )


def _arrow(before: State, after: State) -> str:
    kind = "again" if after is State.QUEUED else "ends" if after not in _PATH else "on"
    return (
        f'<path class="{kind}" d="{_line(before, after)}"><title>{before} → {after}</title></path>'
    )


def _line(before: State, after: State) -> str:
    start, end = PLACES[before], PLACES[after]
    if after not in _PATH:
        return _down(start, end)
    steps = _PATH.index(after) - _PATH.index(before)
    if steps == 1:
        return f"M{start.x + _BOX_WIDTH / 2:g} {start.y:g}H{end.x - _BOX_WIDTH / 2:g}"
    return _over(start, end, steps=-steps) if steps < 0 else _under(start, end)


def _down(start: Point, end: Point) -> str:
    top = end.y - _BOX_HEIGHT / 2
    spread = (start.x - end.x) * 0.1
    return f"M{start.x:g} {start.y + _BOX_HEIGHT / 2:g}L{end.x + spread:g} {top:g}"


def _over(start: Point, end: Point, *, steps: int) -> str:
    """Back along the row, above it; the longer the way, the higher."""
    top = start.y - _BOX_HEIGHT / 2
    arc, landing = top - 24 * steps, end.x + 60 - 20 * steps
    return f"M{start.x:g} {top:g}C{start.x:g} {arc:g} {landing:g} {arc:g} {landing:g} {top:g}"


def _under(start: Point, end: Point) -> str:
    """On along the row, past the states between."""
    bottom = start.y + _BOX_HEIGHT / 2
    arc, left, right = bottom + 40, start.x + 30, end.x - 30
    return f"M{left:g} {bottom:g}C{left:g} {arc:g} {right:g} {arc:g} {right:g} {bottom:g}"
