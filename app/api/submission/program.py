"""The program of a submission: its language, its files, and the file to start with."""

from collections.abc import Iterable, Sequence
from typing import Final

from app.api.submission import form
from app.api.submission.checks import at_most, base64, choice
from app.domain.language import Language
from app.domain.policy import InputMaxima
from app.domain.problems import Problems, pointer, showable
from app.domain.submission import BYTE_ORDER_MARK, File
from app.domain.versions import fits, release

_BLOCK_BYTES: Final = 4096
_BLOCKS_PER_MIB: Final = 256
_BLOCKS_OF_THE_RUNTIME: Final = 64
"""Files that a package or a language adds, such as a cache of fonts."""
_NODES_PER_MIB: Final = 256
_NODES_OF_THE_RUNTIME: Final = 32
"""The working folder and those beside it, and some for the program."""


def known_language(
    problems: Problems, sent: form.Program, languages: Sequence[Language]
) -> Language | None:
    """The newest version that fits the one asked for."""
    versions = _called(sent.language, languages)
    if not versions:
        names = sorted({language.name for language in languages})
        problems.add("/language", "is not available here: " + choice(names))
        return None
    asked = sent.version
    fitting = [language for language in versions if asked is None or fits(language.version, asked)]
    if not fitting:
        offered = [language.version for language in versions]
        problems.add("/version", f"is not available for {sent.language}: " + choice(offered))
        return None
    return max(fitting, key=lambda language: release(language.version))


def _called(name: str, languages: Sequence[Language]) -> list[Language]:
    """Those of that name; or, if there are none, those that have it as an alias."""
    return [language for language in languages if language.name == name] or [
        language for language in languages if name in language.aliases
    ]


def program(
    problems: Problems, sent: form.Program, language: Language | None, maxima: InputMaxima
) -> tuple[tuple[File, ...], str]:
    """All files, and the name of the one to start with."""
    if sent.files is None:
        return _single_source(problems, sent, language, maxima)
    if sent.source is not None:
        problems.add("/source", "can't be combined with files: send only one of them")
    if not sent.files:
        problems.add("/files", "must contain at least one file")
    files = read_files(problems, sent.files, maxima)
    entrypoint = sent.entrypoint and without_dot(sent.entrypoint)
    return files, _entrypoint(problems, entrypoint, files, language)


def field_of(sent: form.Program) -> str:
    """The field that has the program's files."""
    return "/source" if sent.files is None else "/files"


def _single_source(
    problems: Problems, sent: form.Program, language: Language | None, maxima: InputMaxima
) -> tuple[tuple[File, ...], str]:
    if sent.source is None:
        problems.add("/source", "is required unless you send files")
        return (), ""
    source = sent.source.removeprefix(BYTE_ORDER_MARK).encode()
    at_most(problems, "/source", len(source), maxima.files_bytes)
    name = language.source_name if language else ""
    if language and sent.entrypoint not in (None, name, f"./{name}"):
        problems.add("/entrypoint", f"is only for files; a single source is named {name}")
    return (File(name, source),), name


def read_files(
    problems: Problems,
    sent: Sequence[form.File],
    maxima: InputMaxima,
    beside: Sequence[File] = (),
) -> tuple[File, ...]:
    files = tuple(_file(problems, index, file, maxima) for index, file in enumerate(sent))
    at_most(problems, "/files", sum(len(file.content) for file in files), maxima.files_bytes)
    if _are_short(files, maxima):
        _no_clashes(problems, files, beside)
    return files


def _file(problems: Problems, index: int, file: form.File, maxima: InputMaxima) -> File:
    name = without_dot(file.name)
    _check_name(problems, pointer("files", index, "name"), name, maxima)
    if file.encoding == "utf-8":
        return File(name, file.content.encode())
    return File(name, base64(problems, pointer("files", index, "content"), file.content))


def without_dot(name: str) -> str:
    """`./main.py` is `main.py`."""
    return name.removeprefix("./")


def _check_name(problems: Problems, at: str, name: str, maxima: InputMaxima) -> None:
    size = len(name.encode())
    at_most(problems, at, size, maxima.file_name_bytes)
    if size > maxima.file_name_bytes:
        return
    showable(problems, at, name)
    if any(part in ("", ".", "..") for part in name.split("/")):
        problems.add(at, "must be a relative path such as src/main.py, without . and ..")


def _are_short(files: Iterable[File], maxima: InputMaxima) -> bool:
    """Whether the names are short enough to look at each folder in them."""
    return all(len(file.name) <= maxima.file_name_bytes for file in files)


def _no_clashes(problems: Problems, files: Sequence[File], beside: Sequence[File]) -> None:
    """No name may occur twice, or be the folder of another file or of one beside them."""
    folders = _folders((*files, *beside))
    seen: set[str] = set()
    for index, file in enumerate(files):
        at = pointer("files", index, "name")
        if file.name in seen:
            problems.add(at, "is also the name of another file")
        if file.name in folders:
            problems.add(at, "is also the folder of another file")
        seen.add(file.name)


def check_room(
    problems: Problems, at: str, files: Sequence[File], disk_mib: int, maxima: InputMaxima
) -> None:
    """A file system of this size has a file or folder for each 4 KiB (docs/verdicts.md)."""
    if not _are_short(files, maxima):
        return
    blocks = sum(-(-len(file.content) // _BLOCK_BYTES) for file in files)
    most = disk_mib * _BLOCKS_PER_MIB - _BLOCKS_OF_THE_RUNTIME
    if blocks > most:
        problems.add(
            at,
            f"take {blocks * _BLOCK_BYTES} bytes of the disk, in blocks of {_BLOCK_BYTES}; at most"
            f" {most * _BLOCK_BYTES} are allowed with disk_mib at {disk_mib}",
        )
        return
    folders = _folders(files)
    room = disk_mib * _NODES_PER_MIB - _NODES_OF_THE_RUNTIME
    if len(files) + len(folders) > room:
        problems.add(
            at,
            f"has {len(files)} files in {len(folders)} folders; together at most {room} are"
            f" allowed with disk_mib at {disk_mib}",
        )


def _folders(files: Iterable[File]) -> set[str]:
    return {folder for file in files if "/" in file.name for folder in _folders_above(file.name)}


def _folders_above(name: str) -> Iterable[str]:
    parts = name.split("/")[:-1]
    return ("/".join(parts[: depth + 1]) for depth in range(len(parts)))


def _entrypoint(
    problems: Problems, requested: str | None, files: Sequence[File], language: Language | None
) -> str:
    """The file to start with: the one named, the only one, or the one with the usual name."""
    names = [file.name for file in files]
    all_named = bool(names) and all(names)
    if requested is not None:
        if all_named and requested not in names:
            problems.add("/entrypoint", "must be the name of one of the files")
        return requested
    if len(names) == 1:
        return names[0]
    if language and language.source_name in names:
        return language.source_name
    if all_named:
        problems.add("/entrypoint", "is required: name one of the files")
    return ""
