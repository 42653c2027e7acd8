"""What is found after a run: of each execution, of each owner's usage, and of what is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import podline
from app.domain.dead_letter import DeadLetter
from app.domain.execution import Event, Execution
from tests.chaos.plan import Sample


@dataclass(slots=True)
class Accepted:
    """An execution that a client was told of."""

    id: str
    owner: str
    sample: Sample
    cancelled: bool = False
    """Whether the client has asked for that."""
    ended: podline.Execution | None = None
    """As the API showed it to the client when it had ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything about one execution."""

    id: str
    accepted: Accepted | None = None
    """None: no client was told of it."""
    row: Execution | None = None
    events: Sequence[Event] = ()
    """Those of the row."""
    logged: Sequence[Event] = ()
    """Those of the event log, in its order."""
    results: Sequence[str] = ()
    shown: podline.Execution | None = None
    """As the API shows it to its owner now."""
    stdout: bytes | None = None
    """All of it, from the API. None if it was not read."""
    callbacks: Sequence[podline.Execution] = ()
    """What the receiver has accepted, signed correctly."""
    letters: Sequence[DeadLetter] = ()
    blobs_lost: Sequence[str] = ()
    """Those that program or result name, and that do not exist."""
    blobs_unnamed: Sequence[str] = ()
    """Those that exist, and that nothing names."""


@dataclass(frozen=True, slots=True)
class Used:
    """The usage of an owner, over all days."""

    executions: int = 0
    cpu_us: int = 0
    stored_bytes: int = 0

    def __add__(self, other: "Used") -> "Used":
        return Used(
            self.executions + other.executions,
            self.cpu_us + other.cpu_us,
            self.stored_bytes + other.stored_bytes,
        )

    def __sub__(self, other: "Used") -> "Used":
        return self + Used(-other.executions, -other.cpu_us, -other.stored_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """What a run has left behind, in all places that have something of it."""

    executions: Mapping[str, Found]
    usage: Mapping[str, Used]
    """By owner, from the store."""
    shown_usage: Mapping[str, Used]
    """By owner, from the API."""
    left: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What should not be there, by its kind: slots, pods, jails, …"""
    refused: Sequence[str] = ()
    """Why the service refused programs that it must accept."""
