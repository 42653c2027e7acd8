"""The program of a submission: its language, its files, and the one to start with."""

from collections.abc import Iterable, Sequence
from typing import Final

from app.domain.checks import (
    Problems,
    at_most,
    base64,
    choice,
    not_too_many,
    pointer,
    showable,
    utf8,
)
from app.domain.policy import InputMaxima
from app.domain.records import Language
from app.domain.requested import RequestedFile, RequestedSubmission
from app.domain.submission import BYTE_ORDER_MARK, File
from app.domain.versions import fits, release

_NODES_PER_MIB: Final = 256
_NODES_OF_THE_RUNTIME: Final = 32
"""The working folder and those beside it, and some for the program."""


def known_language(
    problems: Problems, requested: RequestedSubmission, languages: Sequence[Language]
) -> Language | None:
    """The newest version with the parts that were asked for."""
    if requested.language is None:
        problems.add("/language", "is required: " + choice(_names(languages)))
        return None
    versions = _called(requested.language, languages)
    if not versions:
        problems.add("/language", "is not offered here: " + choice(_names(languages)))
        return None
    asked = requested.version
    fitting = [language for language in versions if asked is None or fits(language.version, asked)]
    if not fitting:
        offered = [language.version for language in versions]
        problems.add("/version", f"is not offered for {requested.language}: " + choice(offered))
        return None
    return max(fitting, key=lambda language: release(language.version))


def _called(name: str, languages: Sequence[Language]) -> list[Language]:
    """An alias is no name of its own: a language of that very name comes first."""
    return [language for language in languages if language.name == name] or [
        language for language in languages if name in language.aliases
    ]


def _names(languages: Iterable[Language]) -> list[str]:
    return sorted({language.name for language in languages})


def program(
    problems: Problems,
    requested: RequestedSubmission,
    language: Language | None,
    maxima: InputMaxima,
) -> tuple[tuple[File, ...], str]:
    """All files, and the name of the one to start with."""
    if requested.source is None and requested.files is None:
        problems.add("/source", "is required, unless there are files")
        return (), ""
    if requested.files is None:
        return _single_source(problems, requested, language, maxima)
    if requested.source is not None:
        problems.add("/source", "goes without files: send one of the two")
    files = _files(problems, requested.files, maxima)
    entrypoint = requested.entrypoint and _without_dot(requested.entrypoint)
    return files, _entrypoint(problems, entrypoint, files, language)


def _single_source(
    problems: Problems,
    requested: RequestedSubmission,
    language: Language | None,
    maxima: InputMaxima,
) -> tuple[tuple[File, ...], str]:
    text = (requested.source or "").removeprefix(BYTE_ORDER_MARK)
    source = utf8(problems, "/source", text)
    at_most(problems, "/source", len(source), maxima.files_bytes)
    name = language.source_name if language else ""
    if language and requested.entrypoint not in (None, name, f"./{name}"):
        problems.add("/entrypoint", f"goes with files; a single source is named {name}")
    return (File(name, source),), name


def _files(
    problems: Problems, requested: Sequence[RequestedFile], maxima: InputMaxima
) -> tuple[File, ...]:
    if not requested:
        problems.add("/files", "is empty: send at least one file")
    if not not_too_many(problems, "/files", requested, maxima.files):
        return ()
    files = tuple(_file(problems, index, file, maxima) for index, file in enumerate(requested))
    at_most(problems, "/files", sum(len(file.content) for file in files), maxima.files_bytes)
    if all(len(file.name) <= maxima.file_name_bytes for file in files):
        _no_clashes(problems, files)
    return files


def _file(problems: Problems, index: int, file: RequestedFile, maxima: InputMaxima) -> File:
    _file_name(problems, pointer("files", index, "name"), file.name, maxima)
    at, name = pointer("files", index, "content"), _without_dot(file.name)
    match file.encoding:
        case "utf-8":
            return File(name, utf8(problems, at, file.content))
        case "base64":
            return File(name, base64(problems, at, file.content))
        case _:
            problems.add(pointer("files", index, "encoding"), choice(["utf-8", "base64"]))
            return File(name, b"")


def _without_dot(name: str) -> str:
    """`./main.py` is `main.py`."""
    return name.removeprefix("./")


def _file_name(problems: Problems, at: str, name: str, maxima: InputMaxima) -> None:
    name = _without_dot(name)
    size = len(utf8(problems, at, name))
    at_most(problems, at, size, maxima.file_name_bytes)
    if size > maxima.file_name_bytes:
        return
    showable(problems, at, name)
    if any(part in ("", ".", "..") for part in name.split("/")):
        problems.add(at, "must be a relative path such as src/main.py, without . and ..")


def _no_clashes(problems: Problems, files: Sequence[File]) -> None:
    """No name twice, and none that is the folder of another."""
    folders = {folder for file in files for folder in _folders(file.name)}
    seen: set[str] = set()
    for index, file in enumerate(files):
        at = pointer("files", index, "name")
        if file.name in seen:
            problems.add(at, "is the name of another file too")
        if file.name in folders:
            problems.add(at, "is the folder of another file too")
        seen.add(file.name)


def check_room(problems: Problems, files: Sequence[File], disk_mib: int) -> None:
    """A file system of this size has a file or folder for each 4 KiB (docs/verdicts.md)."""
    folders = {folder for file in files for folder in _folders(file.name)}
    room = disk_mib * _NODES_PER_MIB - _NODES_OF_THE_RUNTIME
    if len(files) + len(folders) > room:
        problems.add(
            "/files",
            f"has {len(files)} files in {len(folders)} folders; together at most {room} are"
            f" allowed with disk_mib at {disk_mib}",
        )


def _folders(name: str) -> Iterable[str]:
    parts = name.split("/")[:-1]
    return ("/".join(parts[: depth + 1]) for depth in range(len(parts)))


def _entrypoint(
    problems: Problems,
    requested: str | None,
    files: Sequence[File],
    language: Language | None,
) -> str:
    """A single file, or the one with the language's usual name, need not be named."""
    names = [file.name for file in files]
    if requested is not None:
        if requested not in names:
            problems.add("/entrypoint", "must be the name of one of the files")
        return requested
    if len(names) == 1:
        return names[0]
    if language and language.source_name in names:
        return language.source_name
    if names:
        problems.add("/entrypoint", "is required: name one of the files")
    return ""
