"""A body of `/run_code` becomes a body of our own API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from app.api.doors.sandboxfusion.clamps import Clamps, Number, deadline
from app.api.doors.sandboxfusion.errors import Detail, InvalidBody, cut, detail, of_types
from app.api.doors.sandboxfusion.fetching import inside, pattern
from app.api.doors.sandboxfusion.names import DEFAULT, called, compile_args, offered
from app.domain.errors import FieldProblem
from app.domain.language import Language
from app.domain.policy import Policy

_RESERVE: Final = 10.0
"""Seconds that verl waits longer than both limits of a program together."""


class RunCode(BaseModel):
    """What clients send. Unknown fields are ignored, and null is as good as no value."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: str
    language: str | None = None
    stdin: str | None = None
    compile_timeout: Number = None
    run_timeout: Number = None
    memory_limit_mb: Number = Field(None, alias="memory_limit_MB")
    files: dict[str, str | None] | None = None
    fetch_files: Annotated[list[str] | None, FailFast()] = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the response needs to know of the request."""

    fetch: Mapping[str, str] = field(default_factory=dict)
    """The path for each name."""
    notes: Sequence[str] = ()
    """Sentences about what differs from the request."""


@dataclass(frozen=True, slots=True)
class Translated:
    sent: dict[str, Any]
    """A body of our own API."""
    seconds: float
    """How long the client waits."""
    reply: Reply
    names: Sequence[str]
    """Of its files, as the client has them; the first is the program, without a name."""

    def details(self, problems: Iterable[FieldProblem]) -> list[Detail]:
        """What is wrong, at the fields that the client knows."""
        return [detail(self._place(each.pointer), each.detail) for each in problems]

    def _place(self, pointer: str) -> tuple[str, ...]:
        head, *rest = pointer.removeprefix("/").split("/")
        if head == "source" or (head == "files" and rest[:1] == ["0"]):
            return ("code",)
        if head == "files" and rest and rest[0].isdecimal():
            return ("files", self.names[int(rest[0])])
        return {"artifacts": ("fetch_files",), "": ()}.get(head, (head,))


def read(sent: object, policy: Policy) -> RunCode:
    """Raises InvalidBody."""
    if not isinstance(sent, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise InvalidBody([detail((), message, "model_attributes_type")])
    _check_count(sent, "files", policy.input.files)
    _check_count(sent, "fetch_files", policy.input.artifacts)
    try:
        return RunCode.model_validate(sent)
    except ValidationError as error:
        raise of_types(error) from None


def _check_count(sent: Mapping[str, object], name: str, most: int) -> None:
    """Before each entry is looked at. Raises InvalidBody."""
    given = sent.get(name)
    if isinstance(given, dict | list) and len(given) > most:
        raise InvalidBody([detail((name,), f"There are more than {most} entries", "too_long")])


def translated(sent: object, languages: Sequence[Language], policy: Policy) -> Translated:
    """Raises InvalidBody; the rules of our own API come after it."""
    asked = read(sent, policy)
    language = _language(asked.language or DEFAULT, languages)
    clamps = Clamps(policy, language)
    body, names = _program(asked, language)
    fetch = {name: inside(name) for name in asked.fetch_files or ()}
    paths = {name: path for name, path in fetch.items() if path is not None}
    body |= {
        "language": language.name,
        "version": language.version,
        "stdin": asked.stdin,
        "limits": clamps.of_run(asked.run_timeout, asked.memory_limit_mb),
        "artifacts": [pattern(path) for path in dict.fromkeys(paths.values())],
    }
    if language.compiled:
        body["compile_limits"] = clamps.of_compiler(asked.compile_timeout)
        body["compile_args"] = compile_args(language)
    elsewhere = [name for name, path in fetch.items() if path is None]
    notes = [*clamps.notes, *(f"{cut(name)} is not in the working folder." for name in elsewhere)]
    seconds = deadline(asked.compile_timeout, asked.run_timeout, reserve=_RESERVE)
    return Translated(body, seconds, Reply(paths, notes), names)


def _language(name: str, languages: Sequence[Language]) -> Language:
    found = called(name, languages)
    if found is None:
        choice = ", ".join(f"'{each}'" for each in offered(languages))
        message = f"Input should be {choice}"
        raise InvalidBody([detail(("language",), message, "literal_error")])
    return found


def _program(asked: RunCode, language: Language) -> tuple[dict[str, Any], list[str]]:
    """Its files; a program without others is a single source, whose file needs no name."""
    given = {name: text for name, text in (asked.files or {}).items() if text is not None}
    if not given:
        return {"source": asked.code}, [""]
    paths = {name: inside(name) or name for name in given}
    main = _free_name(language.source_name, paths.values())
    files = [
        {"name": path, "content": _one_line(given[name]), "encoding": "base64"}
        for name, path in paths.items()
    ]
    program = {"name": main, "content": asked.code}
    return {"files": [program, *files], "entrypoint": main}, ["", *given]


def _one_line(encoded: str) -> str:
    """Some encoders break lines."""
    return encoded.replace("\n", "").replace("\r", "")


def _free_name(usual: str, taken: Iterable[str]) -> str:
    """Neither a file of the client has it, nor a folder above one."""
    used = {path.partition("/")[0] for path in taken}
    name = PurePosixPath(usual)
    others = (f"{name.stem}{number}{name.suffix}" for number in count(1))
    return usual if usual not in used else next(each for each in others if each not in used)
