"""Blocks of generated text in hand-written pages, between two comments."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from docs.generate import dashboards, metrics_table, parts_diagram, settings_table, state_diagram

DOCS: Final = Path(__file__).parent.parent

BLOCKS: Final[Mapping[str, tuple[str, Callable[[], str]]]] = {
    "states": ("architecture.md", lambda: f"```mermaid\n{state_diagram.mermaid()}\n```"),
    "metrics": ("metrics.md", metrics_table.table),
    "settings": ("settings.md", settings_table.table),
}
"""Name of the block, to its page and its text."""

FILES: Final[Mapping[str, Callable[[], str]]] = {
    **{
        f"../compose/monitoring/grafana/dashboards/{name}.json": partial(dashboards.dashboard, name)
        for name in dashboards.DASHBOARDS
    },
    "../compose/kubernetes/monitoring/rules.yaml": dashboards.prometheus_rule,
    "parts.svg": parts_diagram.svg,
    "states.svg": state_diagram.svg,
}
"""Files that are generated whole."""


def block(page: str, name: str) -> str:
    """What the page has in the block now. Raises ValueError if there is no such block."""
    begin, end = _markers(name)
    start = page.index(begin) + len(begin)
    return page[start : page.index(end, start)]


def write_all() -> None:
    for name, (page, text) in BLOCKS.items():
        path = DOCS / page
        path.write_text(replaced(path.read_text(encoding="utf-8"), name, text()), encoding="utf-8")
    for name, text in FILES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")


def replaced(page: str, name: str, text: str) -> str:
    """The page with that text in the block."""
    old = block(page, name)
    begin, end = _markers(name)
    return page.replace(f"{begin}{old}{end}", f"{begin}{text}{end}")


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- generated: {name} -->\n\n", f"\n\n<!-- end: {name} -->"
