"""Watchers hear of every change, and not of every run."""

import threading
import weakref
from pathlib import Path
from typing import Any

from sandbox.daemon.bays import Bays
from sandbox.daemon.changes import SECONDS_BETWEEN_RUNS, Changes
from sandbox.daemon.pods import Pods
from sandbox.daemon.spool import Spool

SOON = SECONDS_BETWEEN_RUNS * 10


def test_a_change_of_phase_is_reported_at_once() -> None:
    changes = Changes()
    for name in ("a", "b", "a"):
        changes.put(name)
    assert [changes.get(0), changes.get(0), changes.get(0)] == ["a", "b", None]


def test_runs_are_reported_seldom_and_the_last_one_always() -> None:
    changes = Changes()
    changes.put("a", of_a_run=True)
    assert changes.get(0) == "a"
    for _ in range(100):
        changes.put("a", of_a_run=True)
        assert changes.get(0) is None
    assert changes.get(SOON) == "a"
    assert changes.get(0) is None


def test_the_end_of_a_pod_does_not_wait() -> None:
    changes = Changes()
    for _ in range(2):
        changes.put("a", of_a_run=True)
        changes.get(0)
    changes.put("a", of_a_run=True)
    changes.put("a")
    assert changes.get(0) == "a"
    assert changes.get(SECONDS_BETWEEN_RUNS) is None


def test_pods_do_not_wait_for_one_another() -> None:
    changes = Changes()
    changes.put("a", of_a_run=True)
    assert changes.get(0) == "a"
    changes.put("a", of_a_run=True)
    changes.put("b", of_a_run=True)
    assert changes.get(0) == "b"


def test_whoever_waits_hears_of_it() -> None:
    changes = Changes()
    threading.Timer(0.01, changes.put, ["a"]).start()
    assert changes.get(30) == "a"


def test_a_queue_that_was_stopped_ends() -> None:
    changes = Changes()
    threading.Timer(0.01, changes.stop).start()
    assert changes.get(30) is None
    assert changes.stopped


class Name(str):
    """A name that tells whether anybody keeps it."""


def test_nothing_stays_of_a_deleted_pod(tmp_path: Path) -> None:
    """Its end is not reported to watchers if somebody waited for it."""
    no_one: Any = None
    pods = Pods(no_one, (), Spool(tmp_path), no_one, Bays([]), no_one)
    name = Name("a")
    kept = weakref.ref(name)
    with pods.watch() as changes:
        changes.put(name, of_a_run=True)
        assert changes.get(0) == "a"
        del name
        assert kept()
        pods.delete("a")
        assert not kept()
