"""CPU time of this process, in seconds of the machine that the tests' bounds were set on.

A machine that others share may need twice the time from one minute to the next. So each run is
compared with a fixed piece of work beside it.
"""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Final

_TEXT: Final = json.dumps([{"name": f"n{n}", "value": n, "list": [1, 2, 3]} for n in range(2_000)])
_SECONDS_OF_FIXED_WORK: Final = 0.0025
"""On an idle core of an AMD EPYC at 2.6 GHz, with Python 3.11."""


def least_cpu_seconds(act: Callable[[], object], *, times: int, enough: float = 0) -> float:
    """Return the least CPU time of several runs, because others share caches and cores.

    Stops after a run that took at most `enough`.
    """
    least = float("inf")
    with _small_heap():
        for _ in range(times):
            slowness = _slowness()
            started = process_time()
            act()
            least = min(least, (process_time() - started) / min(slowness, _slowness()))
            if least <= enough:
                break
    return least


def _slowness() -> float:
    """How many times as long as it should the fixed work takes just now; at least 1."""
    started = process_time()
    _fixed_work()
    return max(1.0, (process_time() - started) / _SECONDS_OF_FIXED_WORK)


def _fixed_work() -> int:
    """Parsing and a loop, as in what is measured."""
    return sum(
        len(key) + hash(str(value)) % 7 for item in json.loads(_TEXT) for key, value in item.items()
    )


@contextmanager
def _small_heap() -> Iterator[None]:
    """Keep the garbage collector from scanning what was in memory before."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
