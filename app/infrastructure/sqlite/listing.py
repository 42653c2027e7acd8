"""The store's only composed query: a page of a filtered list."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from app.domain.execution import UNFINISHED
from app.domain.filters import ExecutionFilter
from app.infrastructure.sqlite.rows import COLUMNS
from app.infrastructure.sqlite.schema import sql_list

LAST: Final = "\U0010ffff"
"""Greater than every id, so that the first page needs no query of its own."""

_ROW: Final = ", ".join(f"executions.{name}" for name in COLUMNS)

_IS_ONE_OF: Final = "executions.id IN (SELECT value FROM json_each(?))"

_HAS_LABEL: Final = """
    EXISTS (SELECT 1 FROM labels WHERE execution_id = executions.id AND key = ? AND value = ?)
"""


def listing(filter: ExecutionFilter, before: str | None, limit: int) -> tuple[str, list[object]]:
    """Return SQL and its values. Each facet, with or without an owner, has an index by id."""
    facets = {
        name: value
        for name in ("owner", "state", "outcome", "language", "priority")
        if (value := getattr(filter, name)) is not None
    }
    if filter.batch is not None:
        facets["batch_id"] = filter.batch
    span = (filter.first_id or "", min(before or LAST, filter.end_id or LAST))
    if filter.ids is not None:
        query, values = _by_ids(facets, filter.labels or {}, span, _fixed(filter), filter.ids)
    elif filter.labels:
        query, values = _by_labels(facets, filter.labels, span, _fixed(filter))
    else:
        query, values = _by_facets(facets, span, _fixed(filter), _index(filter))
    return f"{query} LIMIT ?", [*values, limit]


def _index(filter: ExecutionFilter) -> str:
    """An index that SQLite must use; it can't know that few of an owner's rows are unfinished."""
    few = filter.states is not None and filter.states <= UNFINISHED
    return "INDEXED BY by_owner_state" if few and filter.owner else ""


def _fixed(filter: ExecutionFilter) -> list[str]:
    """Conditions without values."""
    conditions = []
    if filter.states is not None:
        # Few rows are unfinished, and an index finds them. Most are terminal, so with an index by
        # state, all of these would be sorted for each page; `+` keeps SQLite from using one.
        column = "executions.state" if filter.states <= UNFINISHED else "+executions.state"
        conditions.append(f"{column} IN {sql_list(filter.states)}")
    if filter.unretried:
        conditions.append("executions.retried_as IS NULL")
    return conditions


def _by_ids(
    facets: Mapping[str, str],
    labels: Mapping[str, str],
    span: Sequence[str],
    fixed: Sequence[str],
    ids: frozenset[str],
) -> tuple[str, list[object]]:
    """Look up each row. `+` keeps SQLite from using the index of a facet instead."""
    conditions = [
        _IS_ONE_OF,
        "erased = 0",
        *(f"+{name} = ?" for name in facets),
        *("+" + _HAS_LABEL.strip() for _ in labels),
        "+id >= ?",
        "+id < ?",
        *fixed,
    ]
    query = f"SELECT {_ROW} FROM executions WHERE {' AND '.join(conditions)} ORDER BY id DESC"
    of_labels = [part for label in labels.items() for part in label]
    return query, [json.dumps(sorted(ids)), *facets.values(), *of_labels, *span]


def _by_facets(
    facets: Mapping[str, str], span: Sequence[str], fixed: Sequence[str], index: str
) -> tuple[str, list[object]]:
    facet_conditions = (f"{name} = ?" for name in facets)
    conditions = ["erased = 0", *facet_conditions, "id >= ?", "id < ?", *fixed]
    where = " AND ".join(conditions)
    query = f"SELECT {_ROW} FROM executions {index} WHERE {where} ORDER BY id DESC"
    return query, [*facets.values(), *span]


def _by_labels(
    facets: Mapping[str, str],
    labels: Mapping[str, str],
    span: Sequence[str],
    fixed: Sequence[str],
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
        "label.execution_id >= ?",
        "label.execution_id < ?",
        *(_HAS_LABEL for _ in others),
        *(f"executions.{name} = ?" for name in facets),
        *fixed,
    ]
    values += [*span, *(part for label in others for part in label), *facets.values()]
    # CROSS JOIN keeps SQLite from swapping the two tables.
    query = (
        f"SELECT {_ROW} FROM labels AS label"
        f" CROSS JOIN executions ON executions.id = label.execution_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY label.execution_id DESC"
    )
    return query, values
