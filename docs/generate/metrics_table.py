"""The tables of metrics, from their declarations in app/ports/families.py."""

from collections.abc import Sequence

from app.ports.families import SECTIONS, Family


def table() -> str:
    """Markdown: one table for each section."""
    return "\n\n".join(_section(title, families) for title, families in SECTIONS.items())


def _section(title: str, families: Sequence[Family]) -> str:
    head = [f"### {title}", "", "| Metric | Type | Meaning |", "|---|---|---|"]
    return "\n".join(head + [_row(family) for family in families])


def _row(family: Family) -> str:
    labels = f"{{{','.join(family.labels)}}}" if family.labels else ""
    return f"| `{family.name}{labels}` | {family.kind} | {family.help} |"
