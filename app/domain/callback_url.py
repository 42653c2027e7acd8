"""Which URLs and addresses a callback may be sent to.

A submission can name any URL, so the service must not become a way into the network that it is in.
The spelling of a URL is checked at submission, and every address that its name has is checked at
each delivery, just before the connection to that same address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

MAX_CHARACTERS: Final = 2048
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_PARTS: Final = re.compile(r"(?P<scheme>[^:/?#]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)")
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(:(?P<port>[0-9]{1,5}))?")
_LABEL: Final = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_ENDS_IN_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)")
"""Resolvers read such names as IPv4 addresses, in forms such as 2130706433, 0x7f.1 and 0177.0.0.1.
https://url.spec.whatwg.org/#ends-in-a-number-checker
"""

_LEAST_UNPRIVILEGED: Final = 1024

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""IPv4-mapped, IPv4-compatible and NAT64 addresses, among others, are outside."""
_SPECIAL: Final[Sequence[Network]] = (
    IPv6Network("2001::/32"),  # Teredo: contains an IPv4 address
    IPv6Network("2002::/16"),  # 6to4: contains an IPv4 address
    IPv6Network("3fff::/20"),  # documentation (RFC 9637), which Python 3.11 doesn't know
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments; some clouds have metadata there
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv4Network("168.63.129.16/32"),  # Azure's metadata, at a public address
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """What a URL of a callback names."""

    scheme: str
    host: str
    """A name in lower case, or an address without brackets."""
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@lru_cache
def networks(text: str) -> tuple[Network, ...]:
    """The networks in a list that is separated by commas. Raises ValueError."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def receiver(url: str) -> Receiver:
    """Raises ValueError, which says what to do, if it is no URL that a callback may have."""
    if len(url) > MAX_CHARACTERS:
        raise ValueError(f"has {len(url)} characters; at most {MAX_CHARACTERS} are allowed")
    if not re.fullmatch("[!-~]*", url) or "\\" in url:
        raise ValueError(
            "contains a character that a URL can't have: percent-encode it, and write the host "
            "name in its ASCII form (xn--…)"
        )
    parts = _PARTS.fullmatch(url)
    if parts is None or parts["scheme"].lower() not in DEFAULT_PORTS:
        raise ValueError("must be an http:// or https:// URL without a fragment (#)")
    if "@" in parts["authority"]:
        raise ValueError("must not contain a user name or password: put a token in the path")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        raise ValueError("must contain a host name or an address, and perhaps a port")
    scheme, target = parts["scheme"].lower(), parts["target"]
    return Receiver(
        scheme,
        _host(authority["host"]),
        _port(authority["port"], DEFAULT_PORTS[scheme]),
        target if target.startswith("/") else f"/{target}",
    )


def _host(host: str) -> str:
    if host.startswith("["):
        return _ipv6(host[1:-1])
    name = host.removesuffix(".")
    if _ENDS_IN_NUMBER.fullmatch(name):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise ValueError(
                "has an address in an unusual form: write it as four decimal numbers, such as "
                "192.0.2.1"
            ) from None
    if not _NAME.fullmatch(name):
        raise ValueError("must contain a host name or an address, and perhaps a port")
    return name.lower()


def _ipv6(address: str) -> str:
    try:
        # Python accepts a zone, such as %eth0, which only means something on one machine.
        if "%" not in address:
            return str(IPv6Address(address))
    except ValueError:
        pass
    raise ValueError("must have an IPv6 address without a zone between [ and ]")


def _port(given: str | None, default: int) -> int:
    if given is None:
        return default
    port = int(given)
    if port not in DEFAULT_PORTS.values() and not _LEAST_UNPRIVILEGED <= port <= 65535:
        raise ValueError(f"the port must be 80, 443, or {_LEAST_UNPRIVILEGED} to 65535")
    return port


def refusal(address: str, allowed: Sequence[Network]) -> str | None:
    """Why nothing may be sent to this address, without the address; None if it is public."""
    parsed = ip_address(address)
    if any(parsed in network for network in allowed) or _is_public(parsed):
        return None
    return (
        "is not a public address; the operator can allow its network with PODLINE_CALLBACK_NETWORKS"
    )


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_multicast and not special


def problem_with(url: str, allowed: Sequence[Network]) -> str | None:
    """What is wrong with a URL, as far as that can be said without resolving its name."""
    try:
        host = receiver(url).host
    except ValueError as error:
        return str(error)
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    try:
        refused = refusal(host, allowed)
    except ValueError:
        return None
    return refused and f"the host {refused}"
