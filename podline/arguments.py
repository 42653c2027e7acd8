"""Checks of what the caller passes in: whatever can't be sent raises InvalidArgument."""

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
"""Seconds; the operating system takes no more."""
_LOGIN: Final = re.compile("//[^/]*@")
_NOT_SEGMENTS: Final = frozenset({"", ".", ".."})


def api_url(url: str) -> httpx.URL:
    """The base URL of an API: http or https, a host, and perhaps a port and a path."""
    try:
        parsed = httpx.URL(url)
        parsed.host.encode("idna")  # as the resolver does, without naming what is wrong
    except (httpx.InvalidURL, UnicodeError, TypeError):
        parsed = httpx.URL()
    port = 1 if parsed.port is None else parsed.port
    plain = not (parsed.query or parsed.fragment)
    if parsed.scheme in ("http", "https") and parsed.host and 0 < port < 65536 and plain:
        return parsed
    shown = repr(_LOGIN.sub("//", str(url)))
    raise InvalidArgument(f"not the URL of an API: {shown} (it looks like http://host:8000)")


def without_password(url: httpx.URL) -> str:
    """The URL for an error message."""
    return str(url.copy_with(username=None, password=None))


def is_loopback(host: str) -> bool:
    """Such an API is never behind the proxy that the environment names."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def header_value(name: str, value: str) -> str:
    """A value that a header can carry: visible ASCII characters and inner spaces."""
    if value and value.isascii() and value.isprintable() and value == value.strip():
        return value
    raise InvalidArgument(f"{name} must consist of visible ASCII characters")


def path_segment(value: str) -> str:
    """An id as one segment of a path, which never leads to another resource."""
    try:
        if value not in _NOT_SEGMENTS:
            return quote(value, safe="")
    except (UnicodeEncodeError, TypeError):
        pass
    raise InvalidArgument(f"not an id: {value!r:.80}")


def positive_timeout(seconds: float) -> float:
    """A time-out of a connection."""
    if 0 < seconds <= _LONGEST_TIMEOUT:
        return seconds
    raise InvalidArgument(f"not a timeout in seconds: {seconds!r}")


def duration(seconds: float) -> float:
    """How long to wait: infinity is possible, and nothing below zero is less than zero."""
    if math.isnan(seconds):
        raise InvalidArgument("a timeout can't be NaN")
    return max(0.0, seconds)


def moment(value: datetime) -> str:
    """In UTC. A datetime without a zone is local time."""
    try:
        return value.astimezone(UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        raise InvalidArgument(f"not a time that UTC can express: {value}") from None
