"""Which service a command speaks to, and with which key."""

from dataclasses import dataclass
from pathlib import Path

from podline.client import DEFAULT_URL


@dataclass(frozen=True, slots=True)
class Target:
    """A service and the key for it."""

    url: str
    key: str | None


def find_target(url: str | None, key: str | None, data_dir: Path) -> Target:
    """Options and environment first; then what `podline up` keeps in its data folder.

    The folder's key is sent to the folder's own service only, never to another URL.
    """
    own_url = _kept(data_dir / "url") or DEFAULT_URL
    url = url or own_url
    if key is None and url.rstrip("/") == own_url.rstrip("/"):
        key = _kept(data_dir / "key")
    return Target(url, key)


def _kept(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
