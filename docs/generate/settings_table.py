"""The table of settings, from their declarations in app/settings and app/domain."""

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from app.settings import Settings
from app.settings.sources import variable

_SECTIONS: Final[Mapping[str, str]] = {
    "data_dir": "Places and processes",
    "max_running": "Admission, attempts and retention",
    "default_limits.wall_seconds": "Limits of programs",
    "input.submission_bytes": "Limits of submissions",
    "kafka.partitions": "Kafka",
    "kubernetes.images": "Kubernetes",
}
"""The first setting of each section, in the order of the page."""

_IN_WORDS: Final = {
    "data_dir": "`.podline`",
    "database_url": "`podline.db` in the data folder",
    "event_log_url": "`events.db` in the data folder",
    "redis_url": "a socket in the data folder",
    "runtime_url": "a socket in the data folder",
    "replay_dir": "`replays` in the data folder",
    "flower_password": "generated",
    "max_running": "[two for each core](#slots)",
    "max_running_per_owner": "all",
    "disk_reserve_mib": "5 % of the disk, at most 1 GiB",
    "ready_jails": "`max_running`",
    "retention_seconds": "never",
    "kafka.replication_factor": "the broker's",
    "kafka.min_insync_replicas": "the broker's",
    "kafka.retention_seconds": "never",
    "kafka.ssl_ca_location": "the system's",
    "kubernetes.images": "[every one](languages.md) as `podline/<language>:<version>`",
    "kubernetes.pod_image": "`podline/pod:<version of Podline>`",
    "kubernetes.runtime_class": "the cluster's",
    "kubernetes.priority_class": "the cluster's",
}
"""Defaults that depend on the machine, or that need words."""


class _Row(NamedTuple):
    name: str
    default: str
    meaning: str


def undescribed() -> set[str]:
    """Settings without a meaning. There must be none."""
    return {row.name for row in _rows(Settings) if not row.meaning.strip(" :.")}


def table() -> str:
    """Markdown: one table for each section."""
    sections: dict[str, list[_Row]] = {}
    title = ""
    for row in _rows(Settings):
        title = _SECTIONS.get(row.name, title)
        sections.setdefault(title, []).append(row)
    return "\n\n".join(_section(title, sections[title]) for title in _SECTIONS.values())


def _section(title: str, rows: Sequence[_Row]) -> str:
    head = [f"## {title}", "", "| Variable | Default | Meaning |", "|---|---|---|"]
    lines = [f"| `{variable(row.name)}` | {row.default} | {row.meaning} |" for row in rows]
    return "\n".join(head + lines)


def _rows(model: type[BaseModel], defaults: Any = None, prefix: str = "") -> Iterator[_Row]:
    for name, field in model.model_fields.items():
        kind, full = field.annotation, prefix + name
        value = getattr(defaults, name) if defaults else field.get_default()
        meaning = " ".join((field.description or _docstrings(model).get(name, "")).split())
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for row in _rows(kind, value, f"{full}."):
                said = f"{meaning}: {row.meaning}." if name.endswith("_limits") else row.meaning
                yield row._replace(meaning=said)
        else:
            yield _Row(full, _IN_WORDS.get(full) or _shown(value), meaning)


@cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings of the fields that a class declares.

    pydantic could read them (`use_attribute_docstrings`), but would do it in every process.
    """
    (declared,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(declared, ast.ClassDef)
    return {
        field.target.id: str(text.value.value)
        for field, text in pairwise(declared.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def _shown(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
