"""Versions of languages, compared by their parts: 3.9 is older than 3.11, and 3.1 is neither."""


def fits(version: str, requested: str) -> bool:
    """Whether the version starts with the requested parts: 3.11.7 fits `3`, `3.11`, `3.11.7`."""
    return version == requested or version.startswith(f"{requested}.")


def release(version: str) -> list[tuple[int, str]]:
    """A key to sort versions by."""
    return [(int(part) if part.isdecimal() else -1, part) for part in version.split(".")]
