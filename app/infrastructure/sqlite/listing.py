"""The store's only composed query: a page of a filtered list."""

from collections.abc import Mapping
from typing import Final

from app.domain.filters import ExecutionFilter
from app.infrastructure.sqlite.rows import COLUMNS

LAST: Final = "\U0010ffff"
"""Greater than every id, so that the first page needs no query of its own."""

_ROW: Final = ", ".join(f"executions.{name}" for name in COLUMNS)

_HAS_LABEL: Final = """
    EXISTS (SELECT 1 FROM labels WHERE execution_id = executions.id AND key = ? AND value = ?)
"""


def listing(filter: ExecutionFilter, before: str | None, limit: int) -> tuple[str, list[object]]:
    """Return SQL and its values. Each facet, with or without an owner, has an index by id."""
    facets = {
        name: value
        for name in ("owner", "state", "outcome", "language")
        if (value := getattr(filter, name)) is not None
    }
    if filter.batch is not None:
        facets["batch_id"] = filter.batch
    if filter.labels:
        query, values = _by_labels(facets, filter.labels, before or LAST)
    else:
        query, values = _by_facets(facets, before or LAST)
    return f"{query} LIMIT ?", [*values, limit]


def _by_facets(facets: Mapping[str, str], before: str) -> tuple[str, list[object]]:
    conditions = ["erased = 0", *(f"{name} = ?" for name in facets), "id < ?"]
    query = f"SELECT {_ROW} FROM executions WHERE {' AND '.join(conditions)} ORDER BY id DESC"
    return query, [*facets.values(), before]


def _by_labels(
    facets: Mapping[str, str], labels: Mapping[str, str], before: str
) -> tuple[str, list[object]]:
    """Scan the rows with the first label, newest first, and check the others in each."""
    (key, value), *others = labels.items()
    walked = ["label.key = ?", "label.value = ?"]
    values: list[object] = [key, value]
    if "owner" in facets:
        walked.append("label.owner = ?")
        values.append(facets["owner"])
    conditions = [
        *walked,
        "label.execution_id < ?",
        *(_HAS_LABEL for _ in others),
        *(f"executions.{name} = ?" for name in facets),
    ]
    values += [before, *(part for label in others for part in label), *facets.values()]
    # CROSS JOIN keeps SQLite from swapping the two tables.
    query = (
        f"SELECT {_ROW} FROM labels AS label"
        f" CROSS JOIN executions ON executions.id = label.execution_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY label.execution_id DESC"
    )
    return query, values
