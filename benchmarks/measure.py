"""Timings of cases that take turns, their statistics, and tables."""

import statistics
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

Case = TypeVar("Case")
Outcome = TypeVar("Outcome")

MILLISECONDS = 1_000


def timed(act: Callable[[], object]) -> float:
    """Return how many milliseconds it takes."""
    started = perf_counter()
    act()
    return MILLISECONDS * (perf_counter() - started)


def in_turns(
    cases: Mapping[Case, Callable[[], object]],
    rounds: int,
    *,
    warm_up: int = 3,
    after: Callable[[], object] = lambda: None,
) -> dict[Case, list[float]]:
    """Return each case's milliseconds. Cases take turns, so that disturbances affect them alike.

    The time of `after`, which follows each, doesn't count.
    """
    times: dict[Case, list[float]] = {case: [] for case in cases}
    for number in range(warm_up + rounds):
        for case, act in cases.items():
            taken = timed(act)
            after()
            if number >= warm_up:
                times[case].append(taken)
    return times


def rates_in_turns(
    cases: Mapping[Case, Callable[[], object]], *, at_once: int, seconds: float, rounds: int
) -> dict[Case, list[float]]:
    """Return each case's calls per second, with one stretch of each case per round."""
    rates: dict[Case, list[float]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case, act in cases.items():
            rates[case].append(rate(act, at_once=at_once, seconds=seconds))
    return rates


def rate(act: Callable[[], object], *, at_once: int, seconds: float) -> float:
    """Return how many calls per second end, with `at_once` threads."""
    return len(stretch(act, at_once=at_once, seconds=seconds)) / seconds


def stretch(act: Callable[[], object], *, at_once: int, seconds: float) -> list[float]:
    """Return the milliseconds of each call that ends within `seconds`, with `at_once` threads."""
    start = threading.Barrier(at_once)

    def work() -> list[float]:
        start.wait()
        deadline = perf_counter() + seconds
        times: list[float] = []
        while True:
            taken = timed(act)
            if perf_counter() > deadline:
                return times
            times.append(taken)

    with ThreadPoolExecutor(at_once) as pool:
        workers = [pool.submit(work) for _ in range(at_once)]
        return [taken for worker in workers for taken in worker.result()]


def shared_out(act: Callable[[int], Outcome], *, at_once: int, count: int) -> list[Outcome]:
    """Return what `act(0)`, `act(1)`, … return, called by so many threads that start together."""
    start = threading.Barrier(at_once)
    numbers = iter(range(count))

    def work() -> list[Outcome]:
        start.wait()
        return [act(number) for number in numbers]

    with ThreadPoolExecutor(at_once) as pool:
        workers = [pool.submit(work) for _ in range(at_once)]
        return [outcome for worker in workers for outcome in worker.result()]


def p50(times: Sequence[float]) -> float:
    return statistics.median(times)


def p95(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


def p99(times: Sequence[float]) -> float:
    return sorted(times)[int(0.99 * (len(times) - 1))]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Format a Markdown table, with numbers right-aligned and floats rounded to one digit."""
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *(_line([_cell(value) for value in row]) for row in rows)])


def verdict(value: float, bar: float, *, at_least: bool = False) -> str:
    """Say whether a target is met."""
    return "met" if (value >= bar if at_least else value <= bar) else "**missed**"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else str(value)
