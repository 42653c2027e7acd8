"""Sandbox hosts, as the places of attempts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from app.domain.chain import COMPENSATE, CREATE, PERSIST, POLL
from app.domain.language import HeldLimit, Holder, Language, all_offered, all_run, keys_of
from app.queues import queue_of

HOST_NAME: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
"""A host name of one label."""

GIVEN_UP: Final = 75
"""The exit code of a worker whose host's name another host has taken. EX_TEMPFAIL of sysexits.h."""

_ON_A_HOST: Final[Mapping[str, str]] = {
    CREATE: "monitor",
    POLL: "monitor",
    PERSIST: "results",
    COMPENSATE: "results",
}
"""Which queue of a host has each step. A pod that a host has begun to create has a bay already, so
it doesn't wait in `pods`.
"""


def queue_at(task: str, host: str | None, group: str | None = None) -> str:
    """The queue of a task; `host` is where the attempt is, if it needs a runtime.

    An attempt that is nowhere yet can be one for the hosts of a group.
    """
    if host is not None and task in _ON_A_HOST:
        return f"{_ON_A_HOST[task]}.{host}"
    if group is not None and task == CREATE:
        return pods_of(group)
    return queue_of(task)


def group_name(languages: Iterable[str]) -> str:
    """The name of the group of the hosts that offer exactly these."""
    return sha256("\n".join(sorted(languages)).encode()).hexdigest()[:12]


def pods_of(group: str) -> str:
    """The queue of pods that only the hosts of this group take."""
    return f"pods.{group}"


def queues_of(host: str) -> tuple[str, ...]:
    """The queues that only this host consumes."""
    return tuple(f"{queue}.{host}" for queue in sorted(set(_ON_A_HOST.values())))


def is_of_hosts(queue: str) -> bool:
    """Whether it is the queue of a host or of a group."""
    role, dot, _ = queue.partition(".")
    return bool(dot) and role in {"pods", *_ON_A_HOST.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """The heartbeat of a host."""

    name: str
    owner: str = ""
    """Tells two hosts apart that have the same name. A host keeps it when it is restarted."""
    slots: int
    """How many pods it runs at once. Once it drains, as many as are left."""
    free: int
    """How many more it would run now."""
    draining: bool = False
    """It begins nothing more, and ends when its pods have ended."""
    release: str | None
    """Of Podline, as the daemon says."""
    languages: Sequence[Language]
    limits: Sequence[HeldLimit] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSize:
    """What is read of a host for each execution."""

    slots: int
    draining: bool = False
    group: str
    languages: frozenset[str]
    """Keys of what it offers."""

    @classmethod
    def of(cls, report: HostReport) -> "HostSize":
        languages = keys_of(report.languages)
        return cls(
            slots=report.slots,
            draining=report.draining,
            group=group_name(languages),
            languages=languages,
        )


def queues_of_all(hosts: Mapping[str, HostSize]) -> list[str]:
    """The queues of these hosts and of their groups."""
    groups = {host.group for host in hosts.values()}
    return [queue for name in hosts for queue in queues_of(name)] + [*map(pods_of, groups)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Hosts that offer the same languages. They have a queue, and each takes what is in it."""

    name: str
    slots: int
    """Of all of them. None if all of them drain, because then nobody takes from the queue."""
    languages: frozenset[str]


def groups_of(hosts: Iterable[HostSize]) -> list[Group]:
    """The groups; first those with the fewest languages, so that the others are kept for more."""
    members: dict[str, list[HostSize]] = {}
    for host in hosts:
        members.setdefault(host.group, []).append(host)
    groups = [
        Group(
            name=name,
            slots=0 if all(host.draining for host in own) else sum(host.slots for host in own),
            languages=own[0].languages,
        )
        for name, own in members.items()
    ]
    return sorted(groups, key=lambda group: (len(group.languages), group.name))


def able(groups: Iterable[Group], needed: str) -> list[Group]:
    """Those whose hosts run what needs these languages.

    If some have the very versions, these alone; otherwise those with versions that stand for them.
    """
    taking = [group for group in groups if group.slots]
    exactly = [group for group in taking if all_offered(needed, group.languages)]
    return exactly or [group for group in taking if all_run(needed, group.languages)]


def languages_of(hosts: Sequence[HostReport]) -> list[Language]:
    """All languages that a host offers. What hosts offer alike is what each of them can do."""
    offered: dict[tuple[str, str], Language] = {}
    for host in hosts:
        for language in host.languages:
            key = language.name, language.version
            offered[key] = _of_both(offered[key], language) if key in offered else language
    return list(offered.values())


def _of_both(one: Language, other: Language) -> Language:
    if one == other:
        return one
    return replace(
        one,
        accepts=_each(min, one.accepts, other.accepts),
        needs=_each(max, one.needs, other.needs),
        compile_needs=_each(max, one.compile_needs, other.compile_needs),
        packages={
            name: version
            for name, version in one.packages.items()
            if other.packages.get(name) == version
        },
        max_runs=_least(one.max_runs, other.max_runs),
        max_input_bytes=_least(one.max_input_bytes, other.max_input_bytes),
        keeps_artifacts=one.keeps_artifacts and other.keeps_artifacts,
        max_artifact_bytes=_least(one.max_artifact_bytes, other.max_artifact_bytes),
    )


def _each(
    pick: Callable[[int, int], int], one: Mapping[str, int], other: Mapping[str, int]
) -> Mapping[str, int]:
    both = {name: pick(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**one, **other, **both}


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def limits_of(hosts: Sequence[HostReport]) -> list[HeldLimit]:
    """What holds each limit on the host that holds it least."""
    weakest: dict[str, HeldLimit] = {}
    for host in hosts:
        for held in host.limits:
            known = weakest.get(held.limit)
            if known is None or _STRENGTH[held.by] < _STRENGTH[known.by]:
                weakest[held.limit] = held
    return list(weakest.values())


_STRENGTH: Final = {Holder.NOBODY: 0, Holder.RUNTIME: 1, Holder.KERNEL: 2}
