"""Rules that more than one field of a submission obeys."""

import math
from base64 import b64decode
from collections.abc import Iterable

from app.domain.problems import Problems, pointer


def plain_text(problems: Problems, at: str, text: str) -> int:
    """Size in bytes of a text that the program gets as a NUL-terminated string."""
    if "\0" in text:
        problems.add(at, "contains a NUL character: remove it")
    return len(text.encode())


def base64(problems: Problems, at: str, text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        problems.add(at, "is not valid base64 (RFC 4648, section 4, with padding)")
        return b""


def text_or_base64(
    problems: Problems, name: str, text: str | None, encoded: str | None, maximum: int
) -> bytes | None:
    """What `<name>` or `<name>_base64` holds; None if neither is given."""
    if text is not None:
        if encoded is not None:
            problems.add(
                pointer(name), f"can't be combined with {name}_base64: send only one of them"
            )
        at, content = pointer(name), text.encode()
    elif encoded is not None:
        at = pointer(f"{name}_base64")
        content = base64(problems, at, encoded)
    else:
        return None
    at_most(problems, at, len(content), maximum)
    return content


def at_most(problems: Problems, at: str, size: int, maximum: int) -> None:
    """`size` is in bytes."""
    if size > maximum:
        problems.add(at, f"has {size} bytes; at most {maximum} are allowed")


def number(problems: Problems, at: str, value: float, maximum: float) -> bool:
    """Whether it is finite, above zero, and at most the maximum."""
    if not math.isfinite(value):
        detail = "must be a finite number"
    elif value <= 0:
        detail = "must be greater than zero"
    elif value > maximum:
        detail = f"must be at most {maximum:.15g}"
    else:
        return True
    problems.add(at, detail)
    return False


def choice(options: Iterable[str]) -> str:
    return "choose one of: " + ", ".join(options)
