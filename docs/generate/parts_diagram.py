"""The parts of Podline as a picture, drawn from the import contracts in pyproject.toml."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final, NamedTuple

from importlinter.api import read_configuration

SAYS: Final[Mapping[str, str]] = {
    "app.entry": "starts the command line",
    "tasks": "a Celery task for each step",
    "app.wsgi": "the process of the API",
    "app.mcp": "tools for agents",
    "app.flower": "the process of Flower",
    "app.cli": "the command line",
    "app.server": "the HTTP server",
    "app.wiring": "chooses the adapters",
    "app.first_key": "the first admin key",
    "app.settings": "read once by each process",
    "app.api": "HTTP: requests, responses",
    "app.infrastructure": "adapters of the ports",
    "app.service": "use cases and steps",
    "app.ports": "what the service needs",
    "app.domain": "rules and state machine",
    "app.logs": "what log lines are about",
    "app.queues": "the names of the queues",
    "app.door_names": "the names of the doors",
    "app.for_models": "outputs for models",
    "app.listening": "listens at an address",
    "app.tether": "dies with its parent",
    "podline": "the Python client",
    "sandbox.daemon": "runs pods in bays",
    "sandbox.packages": "installs packages",
    "sandbox.toolchains": "finds languages here",
    "sandbox.jail": "nsjail and mounts",
    "sandbox.metering": "cgroups and /proc",
    "sandbox.languages": "languages as data",
    "sandbox.environments": "installed packages",
    "sandbox.init": "pid 1 of a jail, in C",
    "sandbox.line": "prints line by line",
    "sandbox.collector": "reads a pod's output",
    "sandbox.wire": "messages to the daemon",
    "sandbox.private": "files of one owner",
    "sandbox.memory": "gives memory back",
    "sandbox.logs": "how log lines look",
    "sandbox.systemd": "readiness, watchdog",
}
"""What each part is, in a few words."""

_BOX_WIDTH, _BOX_HEIGHT, _GAP, _STEP = 164, 46, 12, 84
_TOP, _MARGIN = 60, 20
_STYLE: Final = """
  rect { fill: #eef2ff; stroke: #4353a8; stroke-width: 1.5 }
  rect.inner { fill: #f3f4f6; stroke: #4b5563 }
  text { font: 14px sans-serif; text-anchor: middle; fill: #111827 }
  text.says { font-size: 11px; fill: #4b5563 }
  text.title { font-weight: bold }
  path { fill: none; stroke: #4353a8; stroke-width: 1.5; marker-end: url(#arrow) }
  #background { fill: #ffffff; stroke: none }
"""

Rows = Sequence[Sequence[str]]


class Column(NamedTuple):
    """Rows of parts; imports go down only."""

    title: str
    rows: Rows

    @property
    def width(self) -> int:
        most = max(len(row) for row in self.rows)
        return most * _BOX_WIDTH + (most - 1) * _GAP


def columns() -> Sequence[Column]:
    """The client, the service and the sandbox, as the contracts name them."""
    contracts = {contract["id"]: contract for contract in _contracts()}
    client = contracts["client"]["source_modules"]
    return (
        Column("Client", [client]),
        Column("Service", _rows(contracts["layers"])),
        Column("Sandbox", _rows(contracts["sandbox_parts"])),
    )


def inner() -> frozenset[str]:
    """The parts of the sandbox that the service can't import."""
    (contract,) = (each for each in _contracts() if each["id"] == "sandbox_outside")
    return frozenset(contract["forbidden_modules"])


def _contracts() -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = read_configuration()["contracts_options"]
    return found


def _rows(contract: Mapping[str, Any]) -> Rows:
    """`a | b` and `a : b` are parts of one layer."""
    layers = (layer.replace(":", "|").split("|") for layer in contract["layers"])
    return [[part.strip(" ()") for part in layer] for layer in layers]


def svg() -> str:
    """A picture that needs no JavaScript; the title of each box is the name of its part."""
    drawn = columns()
    width = sum(column.width for column in drawn) + 2 * _MARGIN * len(drawn)
    height = _TOP + _STEP * max(len(column.rows) for column in drawn)
    body, left = [], 0
    for column in drawn:
        body += _column(column, left + _MARGIN)
        left += column.width + 2 * _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            "<title>The parts of Podline; imports go down only</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
            ' markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#4353a8"'
            ' style="marker-end: none; stroke: none; fill: #4353a8"/></marker></defs>',
            f'<rect id="background" width="{width}" height="{height}"/>',
            *body,
            "</svg>\n",
        ]
    )


def _column(column: Column, left: int) -> list[str]:
    middle = left + column.width / 2
    drawn = [f'<text class="title" x="{middle:g}" y="28">{column.title}</text>']
    for number, row in enumerate(column.rows):
        top = _TOP + _STEP * number
        if number:
            drawn.append(f'<path d="M{middle:g} {top - _STEP + _BOX_HEIGHT + 4}V{top - 4}"/>')
        first = middle - (len(row) * (_BOX_WIDTH + _GAP) - _GAP) / 2
        drawn += [
            _box(part, first + place * (_BOX_WIDTH + _GAP), top) for place, part in enumerate(row)
        ]
    return drawn


def _box(part: str, left: float, top: int) -> str:
    kind = ' class="inner"' if part in inner() else ""
    middle = left + _BOX_WIDTH / 2
    return (
        f'<g><title>{part}</title><rect{kind} x="{left:g}" y="{top}" width="{_BOX_WIDTH}"'
        f' height="{_BOX_HEIGHT}" rx="6"/><text x="{middle:g}" y="{top + 20}">{part}</text>'
        f'<text class="says" x="{middle:g}" y="{top + 37}">{escape(SAYS[part])}</text></g>'
    )
