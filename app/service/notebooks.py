"""Notebooks: programs of one owner that continue each other, as the cells of a notebook do.

No process lives between two of them. Each submission has all that is needed to repeat what came
before, so the last one is all that is remembered of a notebook.
"""

import hashlib
from typing import Final

from app.domain.submission import Submission
from app.ports import Executions, Notebooks

TTL_SECONDS: Final = 3600.0
"""A notebook that nobody continues is forgotten."""


def last_submission(
    notebooks: Notebooks, executions: Executions, owner: str, name: str
) -> Submission | None:
    """What was submitted last in the owner's notebook of that name.

    None if it is new, or was forgotten or erased. Raises StoreUnavailable and
    CoordinationUnavailable.
    """
    execution_id = notebooks.get(_hash(owner, name))
    return executions.submission(execution_id) if execution_id else None


def continue_with(notebooks: Notebooks, owner: str, name: str, execution_id: str) -> None:
    """Remember the execution as the last. Raises CoordinationUnavailable."""
    notebooks.put(_hash(owner, name), execution_id, TTL_SECONDS)


def forget(notebooks: Notebooks, owner: str, name: str) -> None:
    """Do nothing if there is none. Raises CoordinationUnavailable."""
    notebooks.remove(_hash(owner, name))


def _hash(owner: str, name: str) -> str:
    return hashlib.sha256(f"{owner}\0{name}".encode()).hexdigest()
