"""Reads the parts of a page that tests need: code blocks, tables, headings and links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
README: Final = ROOT / "README.md"
PAGES: Final = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]

_CODE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.M)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    language: str
    text: str
    shows: str | None
    """The JSON block that follows directly: what an example prints."""


def code_blocks(page: Path, language: str) -> list[CodeBlock]:
    text = page.read_text(encoding="utf-8")
    return [
        CodeBlock(language, found[2], _following_json(text, found.end()))
        for found in _CODE.finditer(text)
        if found[1] == language
    ]


def _following_json(text: str, position: int) -> str | None:
    found = re.compile(r"\s*```json\n(.*?)^```$", re.M | re.S).match(text, position)
    return found[1] if found else None


def prose(page: Path) -> str:
    """Return the page without its code blocks."""
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def table_rows(page: Path, first_column: str) -> list[list[str]]:
    """Return the rows of the table whose first column has that heading."""
    _, _, rest = prose(page).partition(f"| {first_column} |")
    rows = [line for line in rest.partition("\n\n")[0].splitlines()[2:] if line.startswith("|")]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]


def links(page: Path) -> Iterator[str]:
    """Return link targets within the project."""
    for target in _LINK.findall(prose(page)):
        if "://" not in target:
            yield target


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub and Python-Markdown generate from headings."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", h).strip().lower()) for h in headings}
