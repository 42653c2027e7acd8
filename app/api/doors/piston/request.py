"""A body of Piston's `/execute` becomes a body of the API's own."""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from app.api.doors.piston.errors import BadBody
from app.api.doors.piston.names import piston_name
from app.api.doors.piston.numbers import stage_limits
from app.api.doors.piston.versions import chosen
from app.domain.language import Language
from app.domain.policy import Policy

_SHOWN: Final = 100
"""Characters of a name or a version in a message."""


def native(
    sent: object, languages: Sequence[Language], policy: Policy, *, lenient: bool = True
) -> tuple[Language, dict[str, Any]]:
    """The language, and the body. Unknown fields are ignored.

    Raises BadBody. The rules of the API are not checked here.
    """
    if not isinstance(sent, dict):
        raise BadBody("the body must be a JSON object")
    name, version = _text(sent, "language"), _text(sent, "version")
    if not isinstance(sent.get("files"), list):
        raise BadBody("files is required as an array")
    language = chosen(languages, name, version, lenient=lenient)
    if language is None:
        raise BadBody(f"{name[:_SHOWN]}-{version[:_SHOWN]} runtime is unknown")
    files, main = _files(sent["files"], language, policy.input.files)
    return language, {
        "language": language.name,
        "version": language.version,
        "files": files,
        "entrypoint": main,
        "stdin": _stdin(sent),
        "args": _args(sent, policy.input.args),
        "env": {"PISTON_LANGUAGE": piston_name(language).name},
        "limits": _run_limits(sent, language, policy),
    } | _compile_limits(sent, language, policy)


def _run_limits(
    sent: Mapping[str, object], language: Language, policy: Policy
) -> dict[str, object]:
    """With as much output as there can be: Piston's protocol has no limit for it."""
    range = policy.run_limits(language.accepts, language.needs)
    return {**stage_limits(sent, "run", range), "output_kib": range.maximum.output_kib}


def _compile_limits(
    sent: Mapping[str, object], language: Language, policy: Policy
) -> dict[str, object]:
    """Read in any case, because Piston refuses bad ones whatever the language is."""
    range = policy.compile_limits(language.accepts, language.compile_needs)
    found = stage_limits(sent, "compile", range)
    if not language.compiled:
        return {}
    needs = language.compile_needs
    return {"compile_limits": {name: max(found[name], needs.get(name, 0)) for name in found}}


def _text(sent: Mapping[str, object], name: str) -> str:
    found = sent.get(name)
    if not isinstance(found, str) or not found:
        raise BadBody(f"{name} is required as a string")
    return found


def _stdin(sent: Mapping[str, object]) -> str:
    """Piston ends it with a newline, even if it is empty."""
    found = sent.get("stdin") or ""
    if not isinstance(found, str):
        raise BadBody("If specified, stdin must be a string")
    return found if found.endswith("\n") else found + "\n"


def _args(sent: Mapping[str, object], most: int) -> list[str]:
    found = sent.get("args") or []
    if not isinstance(found, list):
        raise BadBody("If specified, args must be an array")
    if len(found) > most:
        raise BadBody(f"args can have at most {most} entries")
    if not all(isinstance(each, str | int | float) for each in found):
        raise BadBody("args must be strings")
    return [str(each) for each in found]


def _files(
    sent: Sequence[object], language: Language, most: int
) -> tuple[list[dict[str, str]], str]:
    """All of them, and the name of the first with text: it is the program."""
    if len(sent) > most:
        raise BadBody(f"files can have at most {most} entries")
    read = [_file(index, each) for index, each in enumerate(sent)]
    main = next((index for index, (_, encoding, _) in enumerate(read) if encoding == "utf8"), None)
    if main is None:
        raise BadBody("files must include at least one utf8 encoded file")
    names = [name or f"file{index}.code" for index, (name, _, _) in enumerate(read)]
    names[main] = _name_of_main(read[main][0], language, names)
    files = [
        {"name": name, "content": content, "encoding": _OURS[encoding]}
        for name, (_, encoding, content) in zip(names, read, strict=True)
    ]
    return files, names[main]


def _name_of_main(given: str, language: Language, taken: Collection[str]) -> str:
    """A compiler goes by the suffix, which Piston adds where it is missing."""
    usual = language.source_name
    if not given and usual not in taken:
        return usual
    name = given or "file0.code"
    suffix = PurePosixPath(usual).suffix
    fits = not language.compiled or name.endswith((suffix, *language.suffixes))
    return name if fits else name + suffix


def _file(index: int, sent: object) -> tuple[str, str, str]:
    """Its name, or an empty text; its encoding; and its content, with hex turned to base64."""
    content = sent.get("content") if isinstance(sent, dict) else None
    if not isinstance(sent, dict) or not isinstance(content, str):
        raise BadBody(f"files[{index}].content is required as a string")
    name, encoding = sent.get("name") or "", sent.get("encoding")
    if not isinstance(name, str):
        raise BadBody(f"files[{index}].name must be a string")
    decode = _DECODE.get(encoding) if isinstance(encoding, str) else None
    if decode is None or not isinstance(encoding, str):
        return name, "utf8", content
    try:
        return name, encoding, base64.b64encode(decode(content)).decode()
    except ValueError:
        raise BadBody(f"files[{index}].content is not {encoding}") from None


_OURS: Final = {"utf8": "utf-8", "base64": "base64", "hex": "base64"}
_DECODE: Final[Mapping[str, Callable[[str], bytes]]] = {
    "base64": lambda text: binascii.a2b_base64(text.encode()),
    "hex": bytes.fromhex,
}
