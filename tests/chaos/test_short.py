"""A short run of chaos, as `make chaos` does it in parts of 20 minutes."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import up
from tests.chaos.plan import make_plan
from tests.chaos.run import run, table

SEED = 23
EXECUTIONS = 150
FAULTS = 8
SECONDS = 180
"""After which a slow machine submits nothing more. Two noisy cores take 50."""


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk to fill it")
def test_every_promise_is_kept(tmp_path: Path) -> None:
    plan = make_plan(SEED, EXECUTIONS, FAULTS, up.KINDS)
    with up.Up(tmp_path, EXECUTIONS) as place:
        report = run(place, plan, SECONDS)
    print(table(report))
    assert not report.off, "\n\n".join([*report.histories, *map(str, report.off)])
    assert report.faults.total() >= min(FAULTS, 5)
    accepted = Counter(each.accepted is not None for each in report.everything.executions.values())
    assert accepted[True] > EXECUTIONS // 4
