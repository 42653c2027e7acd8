"""Runs one part of chaos, and prints what came of it. Exits with 1 if a count is off."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from tests.chaos import hosts, up
from tests.chaos.plan import FaultKind, make_plan
from tests.chaos.run import Place, named, run, table

_PLACES: Final[
    Mapping[
        str, tuple[Mapping[str, FaultKind], Callable[[Path, int], AbstractContextManager[Place]]]
    ]
] = {"up": (up.KINDS, up.Up), "hosts": (hosts.KINDS, hosts.Hosts)}


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    kinds, make_place = _PLACES[given.place]
    plan = make_plan(given.seed, given.executions, given.faults, kinds)
    if given.plan:
        print("\n".join(f"after {fault.after}: {named(fault)}" for fault in plan.faults))
        return 0
    if os.geteuid() != 0:
        print("chaos mounts a small disk and makes network namespaces: run it as root")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="podline-chaos-", dir=given.folder) as folder,
        make_place(Path(folder), given.executions) as place,
    ):
        report = run(place, plan, given.seconds)
    print("\n\n".join([*report.histories, *map(str, report.off), table(report)]))
    return 1 if report.off else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--place", choices=_PLACES, default="up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--executions", type=int, default=5_000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument(
        "--seconds", type=float, default=900, help="after which nothing more is submitted"
    )
    parser.add_argument("--folder", help="for the data of the service; by default, that of TMPDIR")
    parser.add_argument("--plan", action="store_true", help="only print the faults of the plan")
    return parser


if __name__ == "__main__":
    sys.exit(main())
