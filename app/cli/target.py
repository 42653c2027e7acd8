"""Which service a command calls, and with which key."""

from dataclasses import dataclass
from pathlib import Path


class NoService(Exception):
    """No option, variable or data folder names a service."""


@dataclass(frozen=True, slots=True)
class Target:
    """A service and its key."""

    url: str
    key: str | None


def find_target(url: str | None, key: str | None, data_dir: Path) -> Target:
    """Use options and environment first, then what `podline up` stores in its data folder.

    The folder's key is sent only to the folder's own service, never to another URL. Raises
    NoService if there is neither a URL nor such a folder: whatever listens on the default port
    may belong to somebody else.
    """
    own_url = _kept(data_dir / "url")
    if url is None:
        if own_url is None:
            raise NoService(_nothing_in(data_dir))
        url = own_url
    if key is None and own_url is not None and url.rstrip("/") == own_url.rstrip("/"):
        key = _kept(data_dir / "key")
    return Target(url, key)


def _kept(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _nothing_in(data_dir: Path) -> str:
    try:
        (data_dir / "url").read_bytes()
    except FileNotFoundError:
        found = "contains no service" if data_dir.is_dir() else "does not exist"
    except OSError as error:
        found = f"can't be read ({error.strerror})"
    else:
        found = "has an unreadable or empty url file"
    return (
        f"the data folder {data_dir} {found}. Start a service with `podline up`, set its folder "
        "with --data-dir, or set the URL of a service with --url or PODLINE_URL."
    )
