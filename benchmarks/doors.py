"""What the protocols of other systems cost in comparison with the API's own.

A door is a row of `CASES`. The stretches of all cases take turns.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psutil

from benchmarks.api import EXECUTIONS, PRINT_1, Api
from benchmarks.cpu import own_ms, with_children_ms
from benchmarks.measure import p50, p95, stretch, table, verdict
from benchmarks.service import running
from tests.support.standalone import Standalone

TITLE: Final = "Clients of other systems: CPU time and duration next to `POST ?wait`"
AT_ONCE: Final = (8, 64)
BAR: Final = 1.05
"""CPU time of all processes of the service, relative to `POST ?wait`."""
_PROCESSES: Final = ("api", "worker", "redis", "sandbox")


@dataclass(frozen=True, slots=True)
class Case:
    """A request that runs `print(1)`, and where its response has the output."""

    title: str
    path: str
    body: Mapping[str, object]
    printed: Callable[[dict[str, Any]], str]

    def call(self, api: Api) -> None:
        """Fails unless the response has the program's output."""
        answer = api.call("POST", self.path, json.dumps(self.body).encode())
        assert self.printed(answer) == "1\n", answer


NATIVE: Final = Case(
    "`POST /api/v1/executions?wait=60`",
    f"{EXECUTIONS}?wait=60",
    {"language": "python", "source": PRINT_1},
    lambda answer: str(answer["result"]["stdout"]),
)
CASES: Final[Sequence[Case]] = (
    NATIVE,
    Case(
        "Piston: `POST /api/v2/execute`",
        "/api/v2/execute",
        {"language": "python", "version": "3.10.0", "files": [{"content": PRINT_1}]},
        lambda answer: str(answer["run"]["stdout"]),
    ),
    Case(
        "SandboxFusion: `POST /run_code`",
        "/run_code",
        {"language": "python", "code": PRINT_1},
        lambda answer: str(answer["run_result"]["stdout"]),
    ),
)


@dataclass(slots=True)
class _Taken:
    times: list[float] = field(default_factory=list)
    """Milliseconds of each request."""
    api: list[float] = field(default_factory=list)
    """CPU milliseconds of the API per request, of each stretch."""
    service: list[float] = field(default_factory=list)
    """Of all processes together."""


def run(*, quick: bool) -> str:
    seconds, rounds = (2.0, 1) if quick else (3.0, 4)
    with running() as (service, api):
        rows = [
            row
            for at_once in AT_ONCE
            for row in _rows(at_once, _measured(service, api, at_once, seconds, rounds))
        ]
    head = ["", "p50, ms", "p95, ms", "API, CPU ms", "all, CPU ms", "all, relative"]
    return table([*head, f"target: {BAR}"], rows)


def _measured(
    service: Standalone, api: Api, at_once: int, seconds: float, rounds: int
) -> dict[str, _Taken]:
    processes = [service.child(name) for name in _PROCESSES]
    taken = {case.title: _Taken() for case in CASES}
    for case in CASES:
        case.call(api)
    for number in range(rounds):
        for case in CASES if number % 2 else reversed(CASES):
            _add_stretch(taken[case.title], case, api, processes, at_once, seconds)
    return taken


def _add_stretch(
    taken: _Taken,
    case: Case,
    api: Api,
    processes: Sequence[psutil.Process],
    at_once: int,
    seconds: float,
) -> None:
    before = _cpu_ms(processes)
    times = stretch(lambda: case.call(api), at_once=at_once, seconds=seconds)
    used = [now - then for now, then in zip(_cpu_ms(processes), before, strict=True)]
    # Those that were in progress at the end are not in `times`, but were worked for.
    requests = len(times) + at_once
    taken.times += times
    taken.api.append(used[0] / requests)
    taken.service.append(sum(used) / requests)


def _cpu_ms(processes: Sequence[psutil.Process]) -> list[float]:
    api, *others = processes
    return [with_children_ms(api), *map(own_ms, others)]


def _rows(at_once: int, taken: Mapping[str, _Taken]) -> list[list[object]]:
    native = p50(taken[NATIVE.title].service)
    return [
        [
            f"{title}, {at_once} at once",
            *(p50(each.times), p95(each.times), p50(each.api), p50(each.service)),
            f"{p50(each.service) / native:.2f}",
            "" if title == NATIVE.title else verdict(p50(each.service) / native, BAR),
        ]
        for title, each in taken.items()
    ]
