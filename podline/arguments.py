"""Validation of arguments: a value that can't be sent raises InvalidArgument."""

import math
import re
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import TIMEOUT_MAX
from typing import Final
from urllib.parse import quote

import httpx

from podline.errors import InvalidArgument

_LONGEST_TIMEOUT: Final = min(TIMEOUT_MAX, 1e9)
"""Seconds; the operating system accepts no longer timeout."""
_LOGIN: Final = re.compile("//[^/]*@")
_NOT_SEGMENTS: Final = frozenset({"", ".", ".."})


def api_url(url: str) -> httpx.URL:
    """Parse an API's base URL: http or https, a host, and optionally a port and a path."""
    try:
        parsed = httpx.URL(url)
        parsed.host.encode("idna")  # the resolver does it too, with a vaguer error
    except (httpx.InvalidURL, UnicodeError, TypeError):
        parsed = httpx.URL()
    port = 1 if parsed.port is None else parsed.port
    plain = not (parsed.query or parsed.fragment)
    if parsed.scheme in ("http", "https") and parsed.host and 0 < port < 65536 and plain:
        return parsed
    shown = repr(_LOGIN.sub("//", str(url)))
    raise InvalidArgument(
        f"not the URL of an API: {shown} (expected something like http://host:8000)"
    )


def without_password(url: httpx.URL) -> str:
    """Return the URL as an error message may show it."""
    return str(url.copy_with(username=None, password=None))


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, which no proxy from the environment can reach."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def header_value(name: str, value: str) -> str:
    """Check that a header can carry the value: visible ASCII characters, with spaces between."""
    if value and value.isascii() and value.isprintable() and value == value.strip():
        return value
    raise InvalidArgument(f"{name} must consist of visible ASCII characters")


def path_segment(value: str) -> str:
    """Quote an id as one path segment, so that it can't lead to another resource."""
    try:
        if value not in _NOT_SEGMENTS:
            return quote(value, safe="")
    except (UnicodeEncodeError, TypeError):
        pass
    raise InvalidArgument(f"not an id: {value!r:.80}")


def positive_timeout(seconds: float) -> float:
    """Check the timeout of a connection, in seconds."""
    if 0 < seconds <= _LONGEST_TIMEOUT:
        return seconds
    raise InvalidArgument(f"not a timeout in seconds: {seconds!r}")


def duration(seconds: float) -> float:
    """Check how many seconds to wait: infinity is allowed, a negative number means zero."""
    if math.isnan(seconds):
        raise InvalidArgument("a timeout can't be NaN")
    return max(0.0, seconds)


def moment(value: datetime) -> str:
    """Format a time in UTC. A datetime without a time zone is local time."""
    try:
        return value.astimezone(UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        raise InvalidArgument(f"not a time that UTC can express: {value}") from None
