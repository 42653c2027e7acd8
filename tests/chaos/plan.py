"""What a run does: the load and the faults, which its seed alone decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from tests.chaos.programs import KINDS

OWNERS: Final = 5
PRIORITIES: Final = ("critical", "high", "normal", "normal", "normal", "low", "background")
_LARGEST_BATCH: Final = 12


class Follow(StrEnum):
    """How a client learns of the end of what it has submitted."""

    WAIT = "wait"
    STREAM = "stream"


class Cancel(StrEnum):
    """When a client cancels what it has submitted."""

    AT_ONCE = "at once"
    RUNNING = "when it runs"


@dataclass(frozen=True, slots=True)
class Sample:
    """One program of the load."""

    number: int
    kind: str
    priority: str
    callback: bool
    """Whether its end is sent to the receiver."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a client does at once: it submits a program, or several as a batch."""

    owner: int
    samples: tuple[Sample, ...]
    follow: Follow
    cancel: Cancel | None

    @property
    def is_batch(self) -> bool:
        return len(self.samples) > 1


@dataclass(frozen=True, slots=True)
class FaultKind:
    """How often a fault is chosen among others, and how long it lasts."""

    weight: int
    seconds: tuple[float, float] = (0, 0)
    """The shortest and the longest; both 0 for what only happens, such as a kill."""
    alone: bool = False
    """Whether it meets no other one."""

    @property
    def lasts(self) -> bool:
        return self.seconds[1] > 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    name: str
    after: int
    """It begins when so many programs have been accepted."""
    seconds: float
    choice: int
    """What the fault may take to choose among equal parts."""
    meanwhile: str | None
    """Another one, which happens while this one lasts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The load and the faults, each in order."""

    seed: int
    works: tuple[Work, ...]
    faults: tuple[Fault, ...]

    @property
    def executions(self) -> int:
        return sum(len(work.samples) for work in self.works)


def make_plan(
    seed: int, executions: int, faults: int, kinds: Mapping[str, FaultKind], meanwhile: float = 0.2
) -> Plan:
    """Make the plan of a seed. `meanwhile` is the share of lasting faults that meet another one."""
    return Plan(
        seed,
        # Apart, so that the number of faults changes nothing about the load.
        tuple(_works(Random(f"load {seed}"), executions)),
        tuple(_faults(Random(f"faults {seed}"), executions, faults, kinds, meanwhile)),
    )


def _works(random: Random, executions: int) -> list[Work]:
    works: list[Work] = []
    number = 0
    while number < executions:
        size = random.randint(2, _LARGEST_BATCH) if random.random() < 0.05 else 1
        size = min(size, executions - number)
        samples = tuple(_sample(random, number + each) for each in range(size))
        number += size
        works.append(
            Work(
                owner=random.randrange(OWNERS),
                samples=samples,
                follow=random.choices((Follow.WAIT, Follow.STREAM), (9, 1))[0],
                cancel=random.choices((None, *Cancel), (90, 5, 5))[0],
            )
        )
    return works


def _sample(random: Random, number: int) -> Sample:
    names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
    return Sample(
        number=number,
        kind=random.choices(names, weights)[0],
        priority=random.choice(PRIORITIES),
        callback=random.random() < 0.3,
    )


def _faults(
    random: Random,
    executions: int,
    count: int,
    kinds: Mapping[str, FaultKind],
    meanwhile: float,
) -> list[Fault]:
    names, weights = list(kinds), [kind.weight for kind in kinds.values()]
    happen = [name for name in names if not kinds[name].lasts and not kinds[name].alone]
    faults = []
    for number in range(count):
        name = random.choices(names, weights)[0]
        second = random.choice(happen) if happen and random.random() < meanwhile else None
        faults.append(
            Fault(
                name=name,
                # The first comes when all clients are at work.
                after=executions * (number + 1) // (count + 1),
                seconds=round(random.uniform(*kinds[name].seconds), 1),
                choice=random.randrange(1000),
                meanwhile=second if kinds[name].lasts and not kinds[name].alone else None,
            )
        )
    return faults
