"""A body of Judge0's `/submissions` becomes a body of our own API, and what the door remembers."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.api.doors.judge0 import parameters
from app.api.doors.judge0.archive import NotUsable, Room, files_in
from app.api.doors.judge0.attributes import BLANK, Attributes, Problems, Reader
from app.api.doors.judge0.config import config_info
from app.api.doors.judge0.encoding import decoded, encoded, read
from app.api.doors.judge0.languages import Kind, Offered
from app.api.doors.judge0.limits import limits_of
from app.api.doors.judge0.parameters import Parameters
from app.api.doors.judge0.scripts import STARTS, compiles, started_by
from app.domain.errors import FieldProblem
from app.domain.policy import Policy
from app.domain.submission import File

_MUST_BE_BLANK: Final = "must be blank"


class Invalid(Exception):
    """What is wrong, as messages by attribute."""

    def __init__(self, problems: Problems) -> None:
        super().__init__()
        self.found: Mapping[str, Sequence[str]] = problems.found


@dataclass(frozen=True, slots=True)
class Translated:
    """What a client of Judge0 asks for, as our own API would be asked."""

    native: dict[str, Any]
    attributes: Attributes


def translated(
    sent: Parameters, languages: Mapping[int, Offered], policy: Policy, room: Room, *, base64: bool
) -> Translated:
    """Raises Invalid, with everything that Judge0 would report; our own rules come after it."""
    reader = Reader(sent, config_info(policy), languages)
    attributes, language = reader.attributes()
    additional = _additional(sent, reader.problems, policy, room)
    source = _files(sent, language, reader.problems, base64=base64)
    # A file of the same name in the ZIP file never replaces the source.
    files = _without_repeated((*source, *additional))
    if reader.problems or attributes is None or language is None:
        raise Invalid(reader.problems)
    native = {
        "language": language.language.name,
        "version": language.language.version,
        "files": [
            {"name": f.name, "content": encoded(f.content), "encoding": "base64"} for f in files
        ],
        "entrypoint": started_by(language.family),
        "args": _args(attributes, language),
        "compile_args": _compile_args(attributes, language),
        "limits": limits_of(attributes, language, policy, compiles=compiles(files)),
        "streams": "merged" if attributes.redirect_stderr_to_stdout else "separate",
        "callback_url": parameters.text(sent, "callback_url") or None,
        **_judged(sent, attributes, language, base64=base64),
    }
    return Translated(native, attributes)


def _judged(
    sent: Parameters, attributes: Attributes, language: Offered, *, base64: bool
) -> dict[str, Any]:
    """Input and expected output. Several runs are tests, each with both; else files are kept."""
    native: dict[str, Any] = {
        "stdin_base64": encoded(_content(sent, "stdin", base64=base64) or b"")
    }
    expected = _content(sent, "expected_output", base64=base64)
    if expected is not None:
        native |= {"expected_output_base64": encoded(expected), "compare": "lines"}
    if attributes.number_of_runs > 1:
        return native | {"tests": [{}] * attributes.number_of_runs, "stop_on_failure": True}
    if language.language.keeps_artifacts:
        native["artifacts"] = ["*", f"!/{started_by(language.family)}"]
    return native


def _content(sent: Parameters, name: str, *, base64: bool) -> bytes | None:
    found = parameters.text(sent, name)
    return None if found is None else read(found, base64=base64)


def _files(
    sent: Parameters,
    language: Offered | None,
    problems: Problems,
    *,
    base64: bool,
) -> tuple[File, ...]:
    """The source, and what starts it."""
    source = _content(sent, "source_code", base64=base64)
    blank = not source or not source.strip()
    kind = language.family.kind if language else Kind.SOURCE
    if kind is Kind.SCRIPTS and not blank:
        problems.add("source_code", _MUST_BE_BLANK)
    if kind is not Kind.SCRIPTS and blank:
        problems.add("source_code", BLANK)
    if language is None:
        return ()
    ours = [*STARTS.get(kind, ())]
    if source is not None and kind is not Kind.SCRIPTS:
        ours.append(File(language.family.source_file, source))
    return tuple(ours)


def _without_repeated(files: Iterable[File]) -> tuple[File, ...]:
    first: dict[str, File] = {}
    for file in files:
        first.setdefault(file.name, file)
    return tuple(first.values())


def _additional(
    sent: Parameters, problems: Problems, policy: Policy, room: Room
) -> tuple[File, ...]:
    """They are in base64, whatever `base64_encoded` says."""
    archive = decoded(parameters.text(sent, "additional_files") or "")
    if not archive:
        return ()
    try:
        return files_in(archive, policy.input, room)
    except NotUsable as error:
        problems.add("additional_files", str(error))
        return ()


def _args(attributes: Attributes, language: Offered) -> list[str]:
    if language.family.kind is Kind.SCRIPTS:
        return []
    return _words(attributes.command_line_arguments)


def _compile_args(attributes: Attributes, language: Offered) -> list[str]:
    return _words(attributes.compiler_options) if language.language.compiled else []


def _words(text: str | None) -> list[str]:
    """As a shell splits them; at white space, if a quotation has no end."""
    if text is None:
        return []
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


_ATTRIBUTES: Final = {
    "stdin_base64": "stdin",
    "expected_output_base64": "expected_output",
    "args": "command_line_arguments",
    "compile_args": "compiler_options",
    "callback_url": "callback_url",
    "tests": "number_of_runs",
}
_OF_LIMITS: Final = {
    "cpu_seconds": "cpu_time_limit",
    "wall_seconds": "wall_time_limit",
    "memory_mib": "memory_limit",
    "processes": "max_processes_and_or_threads",
    "output_kib": "max_file_size",
    "stack_mib": "stack_limit",
}


def as_attributes(found: Iterable[FieldProblem], sent: Parameters) -> Invalid:
    """What breaks a rule of our own, named by the attribute that it comes from."""
    problems = Problems()
    files = "additional_files" if sent.get("additional_files") else "source_code"
    for problem in found:
        first, _, rest = problem.pointer.removeprefix("/").partition("/")
        known = _OF_LIMITS.get(rest) if first == "limits" else _ATTRIBUTES.get(first)
        problems.add(known or files, problem.detail)
    return Invalid(problems)
