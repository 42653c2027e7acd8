"""The addresses of stores and daemons in settings."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator

HOSTS = "hosts:"
"""The runtime of processes beside no sandbox host, where programs run on hosts."""

_VERIFICATION: Final = ("required", "optional", "none")
_REDIS_OPTIONS: Final[Mapping[str, Mapping[str, tuple[str, ...] | None]]] = {
    "unix": {"db": None},
    "redis": {},
    "rediss": {
        "ssl_ca_certs": None,
        "ssl_ca_path": None,
        "ssl_certfile": None,
        "ssl_keyfile": None,
        "ssl_password": None,
        "ssl_cert_reqs": _VERIFICATION,
        "ssl_check_hostname": ("true", "false"),
    },
}
"""What a URL may have after `?`, with the values, if not any: redis-py and kombu take them all."""

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KAFKA = re.compile(
    r"kafka://(?P<brokers>[^/@,:]+:\d{1,5}(,[^/@,:]+:\d{1,5})*)/(?P<topic>[a-zA-Z0-9._-]{1,249})"
)


def sqlite_path(url: str) -> Path | None:
    """The file of `sqlite:///relative/path` or `sqlite:////absolute/path`; None for other URLs."""
    return _path_after(url, "sqlite:///")


def socket_path(url: str) -> Path | None:
    """The socket of `unix:///absolute/path`; None for other URLs."""
    path = _path_after(url, "unix://")
    return path if path is not None and path.is_absolute() else None


def kafka_address(url: str) -> tuple[str, str] | None:
    """Brokers and topic of `kafka://host:port[,host:port...]/topic`; None for other URLs."""
    found = _KAFKA.fullmatch(url)
    return (found["brokers"], found["topic"]) if found else None


def kubernetes_namespace(url: str) -> str | None:
    """The namespace of `kubernetes://<namespace>`; None for other URLs."""
    scheme, _, namespace = url.partition("://")
    return namespace if scheme == "kubernetes" and _NAMESPACE.fullmatch(namespace) else None


def _absolute(path: Path) -> str:
    return f"sqlite:///{path.absolute()}"


def _path_after(url: str, prefix: str) -> Path | None:
    path = url.removeprefix(prefix).partition("?")[0]
    return Path(path) if url.startswith(prefix) and path else None


def _has_host(url: str, *schemes: str) -> bool:
    scheme, separator, rest = url.partition("://")
    return bool(separator) and scheme in schemes and rest.strip("/") != ""


def _has_valid_ports(url: str) -> bool:
    """Whether the port of each of its hosts is a number up to 65535, or missing."""
    hosts = re.split("[/?]", url.partition("://")[2].rpartition("@")[2])[0]
    try:
        return all(urlsplit(f"//{host}").port != 0 for host in hosts.split(","))
    except ValueError:
        return False


def check_database(url: str) -> str:
    """Make a SQLite path absolute. Raises ValueError, without the URL, if it is invalid."""
    if path := sqlite_path(url):
        return _absolute(path)
    if _has_host(url, "mongodb", "mongodb+srv") and _has_valid_ports(url):
        return url
    raise ValueError("must be sqlite:///<path> or mongodb://<host>/<database>")


def _check_redis(url: str) -> str:
    if socket_path(url):
        _check_redis_options("unix", url)
    elif _has_host(url, "redis", "rediss") and _has_valid_ports(url):
        parts = urlsplit(url)
        if "@" in parts.path + parts.query or parts.fragment:
            raise ValueError("must have the characters / ? # @ of a password as %2F %3F %23 %40")
        _check_redis_number(parts.path.removeprefix("/"))
        _check_redis_options(parts.scheme, url)
    else:
        raise ValueError(
            "must be redis://<host>:<port>/<number>, rediss:// for TLS, or unix:///<path>"
        )
    return url


def _check_redis_number(database: str) -> None:
    if not re.fullmatch("[0-9]*", database):
        raise ValueError("must end with the number of a database, such as /0")


def _check_redis_options(scheme: str, url: str) -> None:
    known = _REDIS_OPTIONS[scheme]
    for name, value in parse_qsl(url.partition("?")[2], keep_blank_values=True):
        if name not in known:
            allowed = f"only {', '.join(known)}" if known else "none without TLS"
            raise ValueError(f"has the unknown option {name!r}: Podline takes {allowed}")
        values = known[name]
        if not value or value not in (values or {value}):
            expected = " or ".join(values or ["a value"])
            raise ValueError(f"must have {expected} for its option {name}")
        if name == "db":
            _check_redis_number(value)


def _check_event_log(url: str) -> str:
    if path := sqlite_path(url):
        return _absolute(path)
    if kafka_address(url) and _has_valid_ports(url):
        return url
    raise ValueError("must be sqlite:///<path> or kafka://<host>:<port>[,<host>:<port>]/<topic>")


def _check_runtime(url: str) -> str:
    if socket_path(url) or kubernetes_namespace(url) or url == HOSTS:
        return url
    raise ValueError(
        "must be unix:///<path of the sandbox daemon's socket>, kubernetes://<namespace>, or hosts:"
    )


DatabaseUrl = Annotated[str, AfterValidator(check_database)]
RedisUrl = Annotated[str, AfterValidator(_check_redis)]
EventLogUrl = Annotated[str, AfterValidator(_check_event_log)]
RuntimeUrl = Annotated[str, AfterValidator(_check_runtime)]
