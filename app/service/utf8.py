"""Splits output between UTF-8 characters (RFC 3629)."""

_LONGEST = 4


def whole_characters(content: bytes) -> int:
    """How many bytes come before an incomplete last character.

    All bytes, if the last ones are not the start of a character.
    """
    for size in range(1, min(_LONGEST, len(content) + 1)):
        byte = content[-size]
        if byte >= 0xC0:
            return len(content) - size if size < _length(byte) else len(content)
        if byte < 0x80:
            break
    return len(content)


def _length(first_byte: int) -> int:
    if first_byte < 0xE0:
        return 2
    return 3 if first_byte < 0xF0 else 4
