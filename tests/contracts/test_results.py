"""What every store does with results."""

from dataclasses import replace

from app.domain.artifact import Artifact, LeftOut
from app.domain.blob import Blob
from app.domain.execution import Outcome
from app.domain.judging import JudgedTest
from app.domain.result import Segment
from app.ports import Store
from tests.contracts.rows import LATER, applied, completed, finished, put
from tests.support.builders import (
    NOW,
    a_result,
    an_execution,
)


def test_a_result_is_stored_once(store: Store) -> None:
    first = a_result(finished(store, put(store)))
    store.results.insert(first)
    store.results.insert(replace(first, output=replace(first.output, runs=())))
    assert store.results.get(first.id) == first
    assert store.results.get("01j-2") is None


def test_a_large_binary_result(store: Store) -> None:
    result = a_result(finished(store, put(store)))
    assert result.output.run is not None
    run = replace(result.output.run, stdout=b"\xff" * 2**20, stderr=b"\x00" * 2**20)
    result = replace(result, output=replace(result.output, runs=(run,)))
    store.results.insert(result)
    assert store.results.get(result.id) == result


def test_a_late_duplicate_leaves_the_result_that_is_named(store: Store) -> None:
    row = completed(store, put(store))
    named = store.results.get(row.pod)
    store.results.insert(a_result(row))
    assert store.results.get(row.pod) == named is not None


def test_nothing_is_stored_of_an_execution_in_another_state(store: Store) -> None:
    row = finished(store, put(store))
    cancelled = applied(store, row.cancel(NOW, LATER))
    again = applied(store, finished(store, put(store)).requeue(NOW, LATER, "lost"))
    for other in (an_execution(attempt=1), put(store), cancelled, again):
        store.results.insert(a_result(other))
        assert store.results.get(other.pod) is None


def test_nothing_is_stored_of_an_earlier_attempt(store: Store) -> None:
    first = finished(store, put(store))
    second = finished(store, applied(store, first.requeue(NOW, LATER, "output lost")))
    store.results.insert(a_result(first))
    assert store.results.get(first.pod) is None
    store.results.insert(a_result(second))
    assert store.results.get(second.pod) is not None


def test_contents_that_are_stored_elsewhere_are_named(store: Store) -> None:
    blob = Blob("0" * 64, 7)
    result = replace(
        a_result(finished(store, put(store))),
        printed=blob,
        segments={"0/stdout": Segment(3, 4)},
        artifacts=(Artifact("out/ä.png", blob),),
        artifacts_left_out=(LeftOut(None, "2 more files"),),
    )
    store.results.insert(result)
    assert store.results.get(result.id) == result


def test_tests_are_named_with_what_became_of_them(store: Store) -> None:
    result = a_result(finished(store, put(store)))
    (run,), (printed,) = result.report.runs, result.output.runs
    result = replace(
        result,
        report=replace(result.report, runs=(run, run, None)),
        output=replace(result.output, runs=(printed, printed, None)),
        tests=(
            JudgedTest(name="1", outcome=Outcome.SUCCESS, points=0.1),
            JudgedTest(name="ü", outcome=Outcome.CHECKER_ERROR, points=0, message="größe\x00"),
            JudgedTest(name="3", outcome=None, points=0),
        ),
        points_max=1e6,
    )
    store.results.insert(result)
    assert store.results.get(result.id) == result
