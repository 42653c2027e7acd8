"""A body of NeMo Skills' `/execute` becomes a body of our own API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from app.api.doors.sandboxfusion.clamps import Clamps, Number, deadline
from app.api.doors.sandboxfusion.errors import cut
from app.api.doors.sandboxfusion.names import called
from app.domain.language import Language
from app.domain.policy import Policy
from app.domain.submission import Submission

_RESERVE: Final = 5.0
"""Seconds that the client waits longer than the limit of its program."""
_SECONDS_TO_REPEAT: Final = 3.0
"""What earlier cells add to the limit of a cell. The client waits for no more."""
CELL: Final = "ipython"
CELLS: Final = "cells.json"
"""The file with a notebook's cells, the new one included."""
_LANGUAGES: Final[Mapping[str, str]] = {
    CELL: "python",
    "python": "python",
    "python3": "python",
    "shell": "bash",
}
_CHARACTERS: Final = 1000


class Execute(BaseModel):
    """What the client sends. Unknown fields are ignored, and null is as good as no value."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    generated_code: str
    std_input: str | None = None
    timeout: Number = None
    language: str | None = None
    max_output_characters: Number = None

    @property
    def is_cell(self) -> bool:
        return self.language in (None, CELL)


class BadBody(Exception):
    """Says what is wrong."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the response needs to know of the request."""

    language: str
    seconds: float
    """The limit of the program."""
    characters: int
    """Shown of each stream."""
    new_session: bool = True


@dataclass(frozen=True, slots=True)
class Translated:
    sent: dict[str, Any]
    """A body of our own API."""
    seconds: float
    """How long the client waits."""
    reply: Reply


def read(sent: object) -> Execute:
    """Raises BadBody."""
    if not isinstance(sent, dict):
        raise BadBody("the body must be a JSON object")
    try:
        return Execute.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadBody(f"{first['loc'][0]}: {first['msg']}") from None


def cells_of(submission: Submission) -> list[str]:
    """The cells of a notebook, from its last submission. Empty if it has none."""
    found = (file.content for file in submission.files if file.name == CELLS)
    return list(json.loads(next(found, b"[]")))


def translated(
    asked: Execute,
    languages: Sequence[Language],
    policy: Policy,
    earlier: Sequence[str] = (),
) -> Translated:
    """`earlier` has the cells that came before in the same notebook.

    Raises BadBody; the rules of our own API come after it.
    """
    name = asked.language or CELL
    language = called(_LANGUAGES.get(name, ""), languages)
    if language is None:
        offered = [each for each, ours in _LANGUAGES.items() if called(ours, languages)]
        raise BadBody(f"{cut(name)} is not available here: choose one of {', '.join(offered)}")
    limits = {**Clamps(policy, language).of_run(asked.timeout, None)}
    seconds = limits["wall_seconds"]
    if earlier:
        most = policy.run_limits(language.accepts, language.needs).maximum.wall_seconds
        limits["wall_seconds"] = min(seconds + _SECONDS_TO_REPEAT, most)
    body = _program(asked, earlier) | {
        "language": language.name,
        "version": language.version,
        "stdin": asked.std_input,
        "limits": limits,
    }
    reply = Reply(name, seconds, _characters(asked.max_output_characters), not earlier)
    return Translated(body, deadline(asked.timeout, reserve=_RESERVE), reply)


def _program(asked: Execute, earlier: Sequence[str]) -> dict[str, Any]:
    if not asked.is_cell:
        return {"source": asked.generated_code}
    # Without escapes beyond ASCII, which mean something else in Python.
    cells = json.dumps([*earlier, asked.generated_code], ensure_ascii=False)
    files = [{"name": "main.py", "content": _runner()}, {"name": CELLS, "content": cells}]
    return {"files": files, "entrypoint": "main.py"}


@cache
def _runner() -> str:
    return Path(__file__).with_name("cell.py").read_text("utf-8")


def _characters(asked: float | None) -> int:
    return _CHARACTERS if asked is None or not asked >= 0 else int(min(asked, 2**62))
