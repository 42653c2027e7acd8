"""Texts that are short enough for a model, and say what was cut."""

from typing import Final

LONGEST: Final = 12_000
"""Characters of one stream that a model is shown."""
_HEAD: Final = LONGEST * 2 // 3


def shortened(text: str, more: bool, whole: str) -> str:
    """Return the text, or its parts around a line that says where the whole is.

    `more` says that `text` is only the beginning, so that its end is not the end of the output.
    """
    if more:
        return f"{text[:LONGEST]}\n[cut here; all of it: {whole}]"
    if len(text) <= LONGEST:
        return text
    left_out = len(text) - LONGEST
    return (
        f"{text[:_HEAD]}\n[{left_out:,} characters cut here; all of it: {whole}]\n"
        f"{text[_HEAD - LONGEST :]}"
    )
