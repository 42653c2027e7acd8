"""A folder in which two other users can reach certain parts, and ways to start pods."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NEW, AHEAD, ALL_AHEAD = "new", "started ahead", "started ahead, in full"
OTHERWISE_THAN_NEW = re.compile(
    r"does not compile|computes forever|sleeps$|a byte over|at the limit$|"
    r"prints forever|(cpu|memory|output|processes)_exactly|forged_|flood_of_both|fork_bomb\.c|"
    r"blocked_streams|closed_streams|include_stdin|kills_init|stops_everything|memory_heap"
)
"""What may end otherwise in a pod that was started ahead: its input comes in another way, its end
is reported sooner. The others are left out, except in `make test-soak`.
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    same = [item for item in items if _is_the_same_as_new(item)]
    config.hook.pytest_deselected(items=same)
    items[:] = [item for item in items if item not in same]


def _is_the_same_as_new(item: pytest.Item) -> bool:
    given = item.callspec.params if hasattr(item, "callspec") else {}
    if given.get("started") != AHEAD:
        return False
    what = given["program"].name if "program" in given else given["case"].what
    return not OTHERWISE_THAN_NEW.search(what)


@pytest.fixture(
    scope="module", params=[NEW, AHEAD, pytest.param(ALL_AHEAD, marks=pytest.mark.soak)]
)
def started(request: pytest.FixtureRequest) -> str:
    """How pods are started."""
    return str(request.param)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
