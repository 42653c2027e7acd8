"""Each broken promise is found and named, and a run in which all are kept has none."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

import podline
from app.domain.callback import CallbackState
from app.domain.dead_letter import DeadLetterKind
from app.domain.execution import Execution, State, pod_name
from app.infrastructure.memory.runtime import Script, exited
from app.service.callbacks import deliver_due
from app.service.cancel import cancel
from app.service.relay import relay
from app.service.retry import retry
from app.service.sweep import sweep
from app.service.usage import fold
from tests.chaos import counting, programs
from tests.chaos.collecting import Sources, collect, stored_usage
from tests.chaos.counting import Off, count
from tests.chaos.found import Accepted, Everything, Found, Used
from tests.chaos.history import history, lines_about
from tests.chaos.plan import Sample
from tests.support.builders import a_dead_letter, an_id
from tests.support.constants import changed
from tests.support.twins import make_twins
from tests.support.worker import Worker

MAX_ATTEMPTS: Final = 3
COMPLETED, CRASHED, LARGE, CANCELLED, FAILED = range(5)
"""The numbers of the programs, by what becomes of them."""
KINDS: Final = ("prints", "crashes", "prints much", "takes a while", "prints")


class Run:
    """A run on twins, in which every promise is kept."""

    def __init__(self) -> None:
        self.twins = make_twins()
        self._worker = Worker(self.twins.ports)
        self.accepted = [self._accepted(number) for number in range(len(KINDS))]
        self._relay_and_fold()

    def _accepted(self, number: int) -> Accepted:
        kind = programs.KINDS[KINDS[number]]
        crashes = exited(signal="SIGSEGV") if number == CRASHED else exited()
        runs_on = number in (CANCELLED, FAILED)
        script = Script(prints=kind.stdout(number), ends=None if runs_on else crashes)
        self.twins.runtime.script = lambda _: script
        row = self.twins.submit(callback_url="https://shop.example/ended")
        accepted = Accepted(row.id, "ada", Sample(number, KINDS[number], "normal", callback=True))
        self._worker.run_all()
        if number == CANCELLED:
            cancel(self.twins.ports, self.row(accepted))
            accepted.cancelled = True
            self._worker.run_all()
        if number == FAILED:
            self._fail(accepted)
        accepted.ended = as_shown(self.row(accepted))
        return accepted

    def _fail(self, accepted: Accepted) -> None:
        """Lose each attempt; then its retry completes."""
        for _ in range(MAX_ATTEMPTS):
            self.twins.runtime.fault(self.row(accepted).pod)
            self.twins.pipeline.start(accepted.id, State.RUNNING)
            self._worker.run_all()
            self.twins.clock.advance(60)
            sweep(self.twins.ports)
            self._worker.run_all()
        self.twins.runtime.script = lambda _: Script(prints=b"4\n")
        retry(self.twins.ports, self.row(accepted))
        self._worker.run_all()

    def _relay_and_fold(self) -> None:
        self.twins.clock.advance(60)
        deliver_due(self.twins.ports)
        while relay(self.twins.ports):
            pass
        fold(self.twins.ports.store.usage)

    def row(self, accepted: Accepted) -> Execution:
        row = self.twins.store.executions.get(accepted.id)
        assert row is not None
        return row

    def everything(self) -> Everything:
        def show(accepted: Accepted) -> tuple[podline.Execution, bytes | None]:
            stdout = None
            if self.row(accepted).state is State.COMPLETED:
                stdout = programs.KINDS[accepted.sample.kind].stdout(accepted.sample.number)
            return as_shown(self.row(accepted)), stdout

        twins = self.twins
        sources = Sources(
            store=twins.store,
            event_log=twins.event_log,
            blobs=twins.blobs,
            blob_names=lambda id: twins.blobs._contents.get(id, {}),
            show=show,
            shown_usage=lambda: stored_usage(twins.store),
        )
        sent = [as_shown(delivery.execution) for delivery in twins.callbacks.sent]
        return collect(sources, self.accepted, sent, left={})


def as_shown(row: Execution) -> podline.Execution:
    limits = podline.Limits(
        wall_seconds=1, cpu_seconds=1, memory_mib=1, processes=1, output_kib=1, disk_mib=1
    )
    return podline.Execution(
        id=row.id,
        state=podline.State(row.state),
        outcome=podline.Outcome(row.outcome) if row.outcome else None,
        language=row.language,
        version=row.language_version,
        priority=podline.Priority(row.priority),
        attempt=row.attempt,
        labels={},
        limits=limits,
        created_at=None,  # type: ignore[arg-type]  # nothing here looks at it
    )


@pytest.fixture(scope="module")
def run() -> Run:
    with changed(monitor__FIRST_LOOK_SECONDS=0):
        return Run()


@pytest.fixture(scope="module")
def good(run: Run) -> Everything:
    return run.everything()


def id_of(run: Run, number: int) -> str:
    return run.accepted[number].id


def with_other(everything: Everything, id: str, **facts: Any) -> Everything:
    """The same, but for some facts about one execution."""
    found = replace(everything.executions[id], **facts)
    return replace(everything, executions={**everything.executions, id: found})


def with_row(everything: Everything, id: str, **facts: Any) -> Everything:
    row = everything.executions[id].row
    assert row is not None
    return with_other(everything, id, row=replace(row, **facts))


def off(everything: Everything) -> set[tuple[str, str | None]]:
    return {(each.promise, each.about) for each in count(everything, MAX_ATTEMPTS)}


def test_a_run_that_keeps_every_promise_has_none_off(run: Run, good: Everything) -> None:
    assert count(good, MAX_ATTEMPTS) == []
    states = [run.row(each).state for each in run.accepted]
    assert states == ["completed", "completed", "completed", "cancelled", "failed"]
    assert len(good.executions) == len(run.accepted) + 1
    assert all(found.callbacks for found in good.executions.values() if found.accepted)
    assert good.usage == {"ada": Used(6, 4000, 215_542)}


def test_a_lost_execution(run: Run, good: Everything) -> None:
    lost = id_of(run, COMPLETED)
    nothing = Found(id=lost, accepted=good.executions[lost].accepted)
    everything = replace(good, executions={**good.executions, lost: nothing})
    assert (counting.ACCEPTED, lost) in off(everything)


def test_one_that_nobody_was_told_of(run: Run, good: Everything) -> None:
    twice = id_of(run, COMPLETED)
    assert off(with_other(good, twice, accepted=None)) == {(counting.ACCEPTED, twice)}


def test_a_refused_program(good: Everything) -> None:
    assert off(replace(good, refused=["422"])) == {(counting.ACCEPTED, None)}


def test_one_that_never_ends(run: Run, good: Everything) -> None:
    endless = id_of(run, COMPLETED)
    everything = with_row(good, endless, state=State.RUNNING)
    assert (counting.TERMINAL_ONCE, endless) in off(everything)


def test_a_double_end(run: Run, good: Everything) -> None:
    twice = id_of(run, COMPLETED)
    events = good.executions[twice].events
    again = replace(events[-1], version=len(events) + 1)
    everything = with_other(good, twice, events=(*events, again))
    reasons = [each.reason for each in count(everything, MAX_ATTEMPTS)]
    assert "it is completed, and its events have the ends ['completed', 'completed']" in reasons
    assert any("makes completed of completed" in reason for reason in reasons)


def test_an_end_that_changes(run: Run, good: Everything) -> None:
    """A client has seen another one, or sees another one now."""
    changed = id_of(run, COMPLETED)
    accepted = run.accepted[COMPLETED]
    assert accepted.ended is not None
    other = replace(accepted.ended, state=podline.State.FAILED, outcome=None)
    for facts in ({"accepted": replace(accepted, ended=other)}, {"shown": other}):
        assert off(with_other(good, changed, **facts)) == {(counting.TERMINAL_ONCE, changed)}


def test_a_cancellation_that_nobody_asked_for(run: Run, good: Everything) -> None:
    cancelled = id_of(run, CANCELLED)
    accepted = replace(run.accepted[CANCELLED], cancelled=False)
    everything = with_other(good, cancelled, accepted=accepted)
    assert off(everything) == {(counting.TERMINAL_ONCE, cancelled)}


def test_a_failure_before_the_last_attempt_or_without_a_dead_letter(
    run: Run, good: Everything
) -> None:
    failed = id_of(run, FAILED)
    assert off(with_other(good, failed, letters=())) == {(counting.TERMINAL_ONCE, failed)}
    assert {each.about for each in count(good, MAX_ATTEMPTS + 1)} == {failed}


def test_one_that_was_not_cleaned_up(run: Run, good: Everything) -> None:
    left = id_of(run, CRASHED)
    assert off(with_row(good, left, next_action_at=1)) == {(counting.TERMINAL_ONCE, left)}


@pytest.mark.parametrize("results", [(), ("another",)])
def test_a_missing_or_another_result(run: Run, good: Everything, results: tuple[str]) -> None:
    id = id_of(run, COMPLETED)
    assert (counting.RESULTS_ONCE, id) in off(with_other(good, id, results=results))


def test_two_results(run: Run, good: Everything) -> None:
    id = id_of(run, COMPLETED)
    two = [pod_name(id, 1), pod_name(id, 2)]
    assert off(with_other(good, id, results=two)) == {(counting.RESULTS_ONCE, id)}


def test_a_result_of_a_cancelled_execution(run: Run, good: Everything) -> None:
    id = id_of(run, CANCELLED)
    assert off(with_other(good, id, results=[pod_name(id, 1)])) == {(counting.RESULTS_ONCE, id)}


def test_a_wrong_verdict_output_size_or_blob(run: Run, good: Everything) -> None:
    id = id_of(run, LARGE)
    wrong = {(counting.RESULTS_ONCE, id)}
    assert off(with_other(good, id, stdout=b"2\n")) == wrong
    assert off(with_other(good, id, blobs_lost=["abc"])) == wrong
    assert wrong < off(with_row(good, id, stored_bytes=1))
    assert wrong < off(with_row(good, id, outcome="time_limit"))


def test_a_callback_that_was_not_sent(run: Run, good: Everything) -> None:
    id = id_of(run, COMPLETED)
    assert off(with_other(good, id, callbacks=())) == {(counting.CALLBACKS, id)}


def test_a_callback_of_another_end(run: Run, good: Everything) -> None:
    id = id_of(run, COMPLETED)
    (sent,) = good.executions[id].callbacks
    other = replace(sent, state=podline.State.CANCELLED)
    assert off(with_other(good, id, callbacks=[sent, other])) == {(counting.CALLBACKS, id)}
    assert off(with_other(good, id, callbacks=[sent, sent])) == set()


def test_a_callback_that_is_still_pending(run: Run, good: Everything) -> None:
    id = id_of(run, COMPLETED)
    callback = run.row(run.accepted[COMPLETED]).callback
    assert callback is not None
    pending = replace(callback, state=CallbackState.PENDING)
    assert off(with_row(good, id, callback=pending)) == {(counting.CALLBACKS, id)}
    assert off(with_row(good, id, callback=None)) == {(counting.CALLBACKS, id)}


def test_a_missing_event_of_the_row(run: Run, good: Everything) -> None:
    id = id_of(run, COMPLETED)
    events = good.executions[id].events
    everything = with_other(good, id, events=(*events[:2], *events[3:]))
    assert off(everything) == {(counting.EVENTS, id)}


def changes_of_the_log(run: Run, good: Everything) -> Mapping[str, Any]:
    first, second, third, *rest = good.executions[id_of(run, COMPLETED)].logged
    return {
        "missing": (first, second, *rest),
        "no end": (first, second, third, *rest[:-1]),
        "swapped": (second, first, third, *rest),
        "another": (first, replace(second, time=second.time + 1), third, *rest),
        "none": (),
    }


@pytest.mark.parametrize("change", ["missing", "no end", "swapped", "another", "none"])
def test_a_log_that_differs(run: Run, good: Everything, change: str) -> None:
    id = id_of(run, COMPLETED)
    logged = changes_of_the_log(run, good)[change]
    assert off(with_other(good, id, logged=logged)) == {(counting.EVENTS, id)}


def test_a_log_with_duplicates_is_in_order(run: Run, good: Everything) -> None:
    id = id_of(run, COMPLETED)
    first, second, *rest = good.executions[id].logged
    assert off(with_other(good, id, logged=(first, second, first, second, *rest))) == set()


def test_an_unexpected_error(run: Run, good: Everything) -> None:
    id = id_of(run, COMPLETED)
    letter = a_dead_letter(kind=DeadLetterKind.TASK_ERROR)
    assert off(with_other(good, id, letters=[letter])) == {(counting.LETTERS, id)}


def test_a_blob_that_nothing_names(run: Run, good: Everything) -> None:
    id = id_of(run, LARGE)
    assert off(with_other(good, id, blobs_unnamed=["abc"])) == {(counting.LEFT, id)}


def test_a_lost_retry(run: Run, good: Everything) -> None:
    failed = id_of(run, FAILED)
    assert off(with_row(good, failed, retried_as=an_id())) == {
        (counting.RETRIES, failed),
        (counting.RETRIES, run.row(run.accepted[FAILED]).retried_as),
    }


@pytest.mark.parametrize("wrong", [Used(7, 0, 0), Used(-2, 0, 0), Used(0, 1, 0), Used(0, 0, 1)])
def test_a_wrong_usage(good: Everything, wrong: Used) -> None:
    usage = {"ada": good.usage["ada"] + wrong}
    assert off(replace(good, usage=usage, shown_usage=usage)) == {(counting.USAGE, None)}
    assert off(replace(good, shown_usage=usage)) == {(counting.USAGE, None)}


def test_an_execution_that_was_counted_twice_or_not_at_all_is_named(
    run: Run, good: Everything
) -> None:
    id = id_of(run, LARGE)
    row = run.row(run.accepted[LARGE])
    once = Used(1, row.cpu_us or 0, row.stored_bytes or 0)
    for used in (good.usage["ada"] + once, good.usage["ada"] - once):
        usage = {"ada": used}
        assert off(replace(good, usage=usage, shown_usage=usage)) == {(counting.USAGE, id)}


def test_a_leaked_slot_names_its_execution(good: Everything) -> None:
    id = an_id()
    left = {"slots": [id], "pods": [f"{id.lower()}-1-c2"], "cgroups": ["/sys/fs/cgroup/x/1"]}
    assert count(replace(good, left=left), MAX_ATTEMPTS) == [
        Off(counting.LEFT, id, f"slots: {id}"),
        Off(counting.LEFT, id, f"pods: {id.lower()}-1-c2"),
        Off(counting.LEFT, None, "cgroups: /sys/fs/cgroup/x/1"),
    ]


def test_what_is_left_in_the_stores_is_collected() -> None:
    with changed(monitor__FIRST_LOOK_SECONDS=0):
        run = Run()
    orphan = an_id()
    run.twins.blobs.put(orphan, [b"x"])
    run.twins.store.dead_letters.put(a_dead_letter(id="task_error.sweep.none", execution_id=None))
    everything = run.everything()
    assert off(everything) == {
        (counting.ACCEPTED, orphan),
        (counting.LEFT, orphan),
        (counting.LEFT, None),
    }


def test_every_promise_has_a_name_of_its_own() -> None:
    assert len(set(counting.PROMISES)) == len(counting.PROMISES) == 9


def test_the_whole_history_of_one_execution(run: Run, good: Everything, tmp_path: Path) -> None:
    id = id_of(run, FAILED)
    log = tmp_path / "worker.log"
    log.write_text(f"attempt 1 of {id} ended\nanother\ndeleting {id.lower()}-1\n")
    text = history(good.executions[id], lines_about(id, [log, tmp_path / "missing.log"]))
    for part in (
        f"=== {id}",
        "accepted: program 4 of ada, prints",
        "  state: failed",
        "  attempt: 3",
        "'previous': 'running', 'state': 'failed'",
        "results: []",
        "callbacks: ['failed']",
        "dead letter: DeadLetter(id='exhausted.",
        "the API shows: failed",
        "log lines: 2",
        "  worker.log: attempt 1 of",
    ):
        assert part in text, text


def test_the_history_of_what_is_lost(run: Run) -> None:
    lost = Found(id="x", accepted=run.accepted[CANCELLED])
    text = history(lost)
    assert "takes a while, and cancelled by its client" in text
    assert "no row" in text
