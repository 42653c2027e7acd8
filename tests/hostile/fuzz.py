"""Random system calls in the jails of a daemon: python -m tests.hostile.fuzz --seconds 300"""

import argparse
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Final

from app.domain.execution import Outcome
from tests.hostile.field import is_good, run, run_good
from tests.hostile.program import LIMITS
from tests.support.ran import Ran
from tests.support.sandbox_daemon import SandboxDaemon

_SOURCE: Final = Path(__file__).with_name("fuzz.c")
_SECONDS_OF_A_RUN: Final = 4.0


def fuzz(sandbox: SandboxDaemon, seed: int, seconds: float) -> Iterator[Ran]:
    """Runs one after the other, each in a new jail and with the next seed.

    A run may end in any way, for the calls that are made kill, stop and fill what they can: the
    program of which they are a part, too.
    """
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        duration = max(1, round(min(left, _SECONDS_OF_A_RUN)))
        yield run(
            sandbox,
            "c",
            source=_SOURCE.read_bytes(),
            args=(str(seed), str(duration)),
            limits=replace(LIMITS, wall_seconds=duration + 2, cpu_seconds=60, memory_mib=128),
        )
        seed += 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        sandbox = SandboxDaemon(Path(folder), bays=1)
        sandbox.start()
        for ran in fuzz(sandbox, arguments.seed, arguments.seconds):
            said = ran.stdout.decode(errors="replace").splitlines()
            print(ran.outcome, *said[-1:], ran.signal or "")
            if ran.outcome in {None, Outcome.COMPILE_ERROR} or not is_good(run_good(sandbox)):
                raise SystemExit(f"the sandbox is not whole: {ran.observation}")
        if sandbox.stop() != 0:
            raise SystemExit("the daemon did not end well")


if __name__ == "__main__":
    main()
