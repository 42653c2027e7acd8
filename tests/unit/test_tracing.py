"""One trace follows an execution from its submission through all steps, whoever does them."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased

from app import create_app
from app.api.doors.options import DoorOptions
from app.domain.api_key import Role
from app.domain.errors import EventLogUnavailable
from app.domain.execution import Event, Execution, State
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.memory.runtime import Script
from app.infrastructure.opentelemetry.tracing import OpenTelemetryTracing, Pipeline
from app.infrastructure.untraced import Untraced
from app.ports import Refused, Tracing
from app.service import callbacks, dead_letter_retries, relay, sweep
from app.service.steps import run_step, run_tick
from sandbox.logs import about
from tests.support.api_contract import PROGRAM, Api, connector
from tests.support.api_contract import body as answered
from tests.support.builders import TRACEPARENT
from tests.support.traces import PARENT, TRACE, Recorded, Recording
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

STEPS = ["admission.admit", "saga.step", "pods.create", "monitor.poll", "results.persist"]
SUBMIT = "POST /api/v1/executions"
URL = "https://good.example/ended"


class Service:
    """The whole service on twins, with traces."""

    def __init__(self, recording: Recording | None = None, **policy: Any) -> None:
        self.recording = recording or Recording()
        self.twins: Twins = make_twins(tracing=self.recording.tracing, **policy)
        self.worker = Worker(self.twins.ports)
        self.api: Api = connector(self.twins.ports)("ada", Role.USER)

    def submit(self, headers: dict[str, str] | None = None, **facts: Any) -> Execution:
        answer = self.api.post("/api/v1/executions", json=PROGRAM | facts, headers=headers or {})
        execution = self.twins.store.executions.get(answered(answer, 202)["id"])
        assert execution is not None
        return execution

    def run(self) -> None:
        self.worker.run_all()

    def tick(self, name: str, act: Callable[..., object]) -> None:
        run_tick(lambda: self.twins.ports, f"podline.{name}", act)

    def spans(self, name: str | None = None) -> list[Recorded]:
        return self.recording.spans(name)


class LogThatIsDown(MemoryEventLog):
    def append(self, events: Sequence[Event]) -> Sequence[Refused]:  # noqa: ARG002  # the port's signature
        raise EventLogUnavailable("no broker responds")


def traces(spans: Sequence[Recorded]) -> set[str]:
    return {span.trace for span in spans}


def test_one_trace_has_everything_that_is_done_for_an_execution() -> None:
    service = Service()
    execution = service.submit(callback_url=URL)
    service.run()
    service.tick("replay.relay", relay.relay)

    spans = service.spans()
    assert [span.name for span in spans] == [
        SUBMIT,
        *STEPS[:3],
        "attempt",
        "monitor.poll",
        "callback",
        "results.persist",
        "relay",
    ]
    assert len(traces(spans)) == 1
    request, *others = spans
    assert request.parent is None
    assert {span.parent for span in others} == {request.id}
    assert {span.attributes["podline.execution.id"] for span in others} == {execution.id}


def test_a_span_has_what_became_of_the_execution() -> None:
    service = Service()
    service.submit()
    service.run()
    facts = [
        (
            span.name,
            span.attributes["podline.state"],
            span.attributes["podline.attempt"],
            span.attributes.get("podline.outcome"),
        )
        for span in service.spans()[1:]
    ]
    assert facts == [
        ("admission.admit", "admitted", 0, None),
        ("saga.step", "starting", 1, None),
        ("pods.create", "starting", 1, None),
        ("attempt", "finished", 1, "success"),
        ("monitor.poll", "finished", 1, "success"),
        ("results.persist", "completed", 1, "success"),
    ]
    assert service.recording.one(SUBMIT).attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/executions",
        "http.response.status_code": 202,
    }
    assert not any(span.error for span in service.spans())


def test_an_attempt_is_as_long_as_the_runtime_says() -> None:
    service = Service()
    execution = service.submit()
    service.run()
    row, span = service.twins.now(execution), service.recording.one("attempt")
    assert row.started_at is not None
    assert row.finished_at is not None
    assert (span.start, span.end) == (row.started_at * 1_000, row.finished_at * 1_000)


def test_the_trace_of_the_client_is_continued() -> None:
    service = Service()
    service.submit({"traceparent": TRACEPARENT})
    service.run()
    assert traces(service.spans()) == {TRACE}
    assert service.recording.one(SUBMIT).parent == PARENT


@pytest.mark.parametrize(
    "sent", ["", "00-zz-00f067aa0ba902b7-01", f"00-{'0' * 32}-{PARENT}-01", "x" * 10_000]
)
def test_a_header_that_is_not_valid_begins_a_trace(sent: str) -> None:
    service = Service()
    execution = service.submit({"traceparent": sent})
    assert service.recording.one(SUBMIT).parent is None
    assert execution.traceparent is not None
    assert TRACE not in execution.traceparent


def test_what_the_client_does_not_sample_is_not_recorded() -> None:
    service = Service()
    execution = service.submit({"traceparent": f"00-{TRACE}-{PARENT}-00"})
    service.run()
    service.tick("replay.relay", relay.relay)
    assert service.spans() == []
    assert execution.traceparent is not None
    assert execution.traceparent.startswith(f"00-{TRACE}-")
    assert execution.traceparent.endswith("-00")


@pytest.mark.parametrize("sent", [None, TRACEPARENT])
def test_what_the_sampler_leaves_out_is_left_out_by_all(sent: str | None) -> None:
    service = Service(Recording(ALWAYS_OFF))
    service.submit({"traceparent": sent} if sent else {})
    service.run()
    assert service.spans() == []


def test_workers_leave_out_what_the_request_left_out_and_pass_its_context_on() -> None:
    service = Service(Recording(ALWAYS_OFF))
    execution = service.submit(callback_url=URL)
    ((_, events),) = service.twins.store.events_to_relay.waiting(1)
    everything = Recording(ALWAYS_ON)
    Worker(replace(service.twins.ports, tracing=everything.tracing)).run_all()
    with everything.tracing.relay(events) as relayed:
        assert relayed == events
    assert execution.traceparent is not None
    assert [delivery.traceparent for delivery in service.twins.callbacks.sent] == [
        execution.traceparent
    ]
    assert everything.made == 0


def test_events_of_executions_that_are_not_sampled_are_relayed_beside_others() -> None:
    service = Service()
    left_out = service.submit({"traceparent": f"00-{TRACE}-{PARENT}-00"})
    service.submit()
    waiting = dict(service.twins.store.events_to_relay.waiting(2))
    events = [event for each in waiting.values() for event in each]
    with service.recording.tracing.relay(events) as relayed:
        pass
    contexts = {event.execution_id: event.traceparent for event in relayed}
    assert contexts.pop(left_out.id) == left_out.traceparent
    assert list(contexts.values()) == [service.recording.one("relay").traceparent]


def test_lines_of_logs_name_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    named: dict[str, str | None] = {}

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            named[record.name] = about().get("trace_id")

    service = Service()
    logging.getLogger("app").addHandler(lines := Lines())
    try:
        service.twins.callbacks.refuse["good.example"] = "full"
        service.submit({"traceparent": TRACEPARENT}, callback_url=URL)
        assert named["app.api.access_log"] == TRACE
        service.run()
        assert named["app.service.callbacks"] == TRACE
        service.api.get("/api/v1/executions")
    finally:
        logging.getLogger("app").removeHandler(lines)
    assert named["app.api.access_log"] is None


def test_only_requests_that_change_something_are_recorded() -> None:
    service = Service()
    for path in ("/healthz", "/metrics", "/api/v1/executions", "/api/v1/languages"):
        service.api.get(path)
    service.api.post("/nowhere", headers={"traceparent": TRACEPARENT})
    assert service.spans() == []


def test_a_request_that_is_refused_is_recorded() -> None:
    service = Service()
    service.api.post("/api/v1/executions", json={})
    assert service.recording.one(SUBMIT).attributes["http.response.status_code"] == 422
    assert not service.recording.one(SUBMIT).error


@pytest.mark.parametrize(
    "path", ["/api/v1/executions", "/api/v2/execute", "/judge0/submissions", "/api/v1/session"]
)
@pytest.mark.parametrize("key", ["", "x"])
def test_nobody_without_a_key_chooses_what_is_recorded(path: str, key: str) -> None:
    service = Service(Recording(ParentBased(ALWAYS_OFF)))
    doors = DoorOptions(open=frozenset({"piston", "judge0"}))
    client = create_app(service.twins.ports, doors).test_client()
    headers = {"traceparent": TRACEPARENT, "X-API-Key": key}
    assert client.post(path, json=PROGRAM, headers=headers).status_code == 401
    assert service.spans() == []


def test_a_request_that_fails_is_an_error() -> None:
    end = (recording := Recording()).tracing.request("POST", "/api/v1/executions", None)
    end(503)
    assert recording.one(SUBMIT).error
    assert recording.tracing.submission() is None


def test_nothing_of_a_program_or_a_client_is_recorded() -> None:
    service = Service()
    service.twins.runtime.script = lambda _: Script(prints=b"MARK output", prints_errors=b"MARK")
    service.submit(
        {"X-Request-Id": "MARK", "tracestate": "MARK=1", "baggage": "a=MARK", "User-Agent": "MARK"},
        source="print('MARK')",
        stdin="MARK",
        args=["MARK"],
        env={"MARK": "MARK"},
        labels={"MARK": "MARK"},
        expected_output="MARK",
        callback_url=f"{URL}?token=MARK",
    )
    service.run()
    assert len(service.spans()) > len(STEPS)
    exported = service.recording.exported()
    assert "MARK" not in exported
    assert "ada" not in exported


def test_a_duplicate_finds_nothing_to_do_and_is_not_recorded() -> None:
    service = Service()
    service.worker = Worker(service.twins.ports, copies=3)
    service.submit()
    service.run()
    names = [span.name for span in service.spans()]
    assert names.count("results.persist") == 1
    assert names.count("attempt") == 1


def test_another_attempt_is_in_the_same_trace() -> None:
    service = Service()
    service.twins.runtime.script = lambda _: Script(ends=None)
    execution = service.submit()
    service.run()
    service.twins.runtime.lose(service.twins.now(execution).pod)
    service.twins.runtime.script = lambda _: Script()
    service.twins.clock.advance(6)
    service.tick("saga.sweep", sweep.sweep)
    service.run()
    assert service.twins.now(execution).state is State.QUEUED
    service.twins.clock.advance(30)
    service.tick("saga.sweep", sweep.sweep)
    service.run()

    assert service.twins.now(execution).state is State.COMPLETED
    first, second = service.spans("attempt")
    assert [first.attributes["podline.attempt"], second.attributes["podline.attempt"]] == [1, 2]
    assert (first.error, second.error) == (True, False)
    assert first.attributes["podline.state"] == "queued"
    assert "podline.outcome" not in first.attributes
    assert first.start < first.end
    ticks = [span for span in service.spans("saga.sweep") if span.parent is None]
    assert traces([span for span in service.spans() if span not in ticks]) == {first.trace}


def test_a_step_that_the_sweep_repairs_is_linked_to_its_tick() -> None:
    service = Service()
    execution = service.submit()
    service.worker.run_one()
    service.worker.drop_messages()
    service.twins.clock.advance(11)
    service.tick("saga.sweep", sweep.sweep)
    service.run()

    assert service.twins.now(execution).state is State.COMPLETED
    continued, tick = service.spans("saga.sweep")
    request = service.recording.one(SUBMIT)
    assert (tick.parent, tick.links) == (None, [])
    assert tick.trace != request.trace
    assert (continued.trace, continued.parent, continued.links) == (
        request.trace,
        request.id,
        [tick.id],
    )
    assert traces(service.spans("results.persist")) == {request.trace}


def test_a_queued_execution_that_the_queue_forgot_is_linked_to_the_tick() -> None:
    service = Service()
    execution = service.submit()
    service.worker.drop_messages()
    service.twins.clock.advance(11)
    service.tick("saga.sweep", sweep.sweep)
    service.run()
    assert service.twins.now(execution).state is State.COMPLETED
    (tick,) = [span for span in service.spans("saga.sweep") if span.parent is None]
    (continued,) = [span for span in service.spans("saga.sweep") if span.parent is not None]
    assert [continued.links, service.recording.one("admitted").links] == [[tick.id]] * 2


def test_an_end_that_was_not_cleaned_up_is_continued_in_its_trace() -> None:
    service = Service()
    service.twins.runtime.script = lambda _: Script(ends=None)
    execution = service.submit()
    service.run()
    service.twins.runtime.unavailable = True
    service.api.post(f"/api/v1/executions/{execution.id}/cancel")
    service.run()
    service.twins.runtime.unavailable = False
    service.twins.clock.advance(11)
    service.tick("saga.sweep", sweep.sweep)
    service.run()
    (continued,) = [span for span in service.spans("saga.sweep") if span.parent is not None]
    last = service.spans("saga.compensate")[-1]
    assert traces([continued, last]) == traces(service.spans(SUBMIT))
    assert service.twins.now(execution).next_action_at is None


def test_a_step_began_before_it_had_its_row() -> None:
    recording, row = Recording(), replace(make_twins().submit(), traceparent=TRACEPARENT)
    with recording.tracing.step("saga.step"):
        reading = time.time_ns()
        recording.tracing.about(row)
    assert recording.one("saga.step").start <= reading


def test_a_tick_is_about_no_execution() -> None:
    recording, row = Recording(), replace(make_twins().submit(), traceparent=TRACEPARENT)
    with recording.tracing.tick("saga.sweep"):
        recording.tracing.about(row)
    assert recording.spans() == []


def test_a_tick_that_does_nothing_is_not_recorded() -> None:
    service = Service()
    service.tick("saga.sweep", sweep.sweep)
    service.tick("replay.relay", relay.relay)
    service.tick("results.deliver", callbacks.deliver_due)
    assert service.spans() == []


def test_who_gets_the_slot_of_another_is_admitted_in_its_own_trace() -> None:
    service = Service(max_running=1)
    first, second = service.submit(), service.submit()
    service.run()
    assert service.twins.now(second).state is State.COMPLETED
    of_first, of_second = service.spans(SUBMIT)
    admitted, persist = service.recording.one("admitted"), service.spans("results.persist")[0]
    assert admitted.attributes["podline.execution.id"] == second.id
    assert admitted.parent == of_second.id
    assert admitted.links == [persist.id]
    assert persist.attributes["podline.execution.id"] == first.id
    assert persist.parent == of_first.id


def test_a_cancellation_is_linked_to_its_request() -> None:
    service = Service()
    service.twins.runtime.script = lambda _: Script(ends=None)
    execution = service.submit()
    service.run()
    service.api.post(
        f"/api/v1/executions/{execution.id}/cancel", headers={"traceparent": TRACEPARENT}
    )
    cancelled = service.recording.one("cancelled")
    request = service.recording.one("POST /api/v1/executions/<execution_id>/cancel")
    assert request.trace == TRACE
    assert cancelled.links == [request.id]
    assert cancelled.trace == service.recording.one(SUBMIT).trace
    attempt = service.recording.one("attempt")
    assert attempt.attributes["podline.state"] == "cancelled"
    assert not attempt.error


def test_an_attempt_that_gives_its_slot_back_has_not_been_one() -> None:
    service = Service()
    execution = service.submit()
    starting = replace(execution, state=State.STARTING, attempt=1)
    change = starting.give_back(service.twins.clock(), 0, "no room")
    service.recording.tracing.changed(change)
    assert service.spans("attempt") == []


def test_output_that_is_lost_after_the_verdict_ends_no_second_attempt() -> None:
    service = Service()
    execution = service.submit()
    finished = replace(execution, state=State.FINISHED, attempt=1)
    service.recording.tracing.changed(finished.requeue(service.twins.clock(), 0, "lost"))
    assert service.spans("attempt") == []


def test_a_step_that_fails_names_the_error_but_does_not_quote_it() -> None:
    service = Service()
    execution = service.submit()

    def fail(ports: Any, execution_id: str) -> bool:
        ports.tracing.about(ports.store.executions.get(execution_id))
        raise ZeroDivisionError("MARK")

    with pytest.raises(ZeroDivisionError):
        run_step(lambda: service.twins.ports, "podline.saga.step", fail, execution.id)
    span = service.recording.one("saga.step")
    assert span.error
    assert span.attributes["error.type"] == "ZeroDivisionError"
    assert "MARK" not in service.recording.exported()


def test_a_step_is_over_before_the_next() -> None:
    service = Service()
    service.submit()
    service.run()
    assert service.recording.tracing.submission() is None


def test_the_programs_of_a_batch_share_the_trace_of_its_request() -> None:
    service = Service()
    service.api.post("/api/v1/batches", json={"executions": [PROGRAM, PROGRAM]})
    service.run()
    assert len(service.spans("results.persist")) == 2
    assert len(traces(service.spans())) == 1


def test_the_retry_of_a_dead_letter_is_in_the_trace_of_its_tick() -> None:
    service = Service(max_attempts=1)
    service.twins.runtime.script = lambda _: Script(ends=None)
    execution = service.submit()
    service.run()
    service.twins.runtime.lose(service.twins.now(execution).pod)
    service.twins.clock.advance(6)
    service.tick("saga.sweep", sweep.sweep)
    service.run()
    assert service.twins.now(execution).state is State.FAILED
    service.twins.runtime.script = lambda _: Script()
    service.twins.clock.advance(24 * 3600)
    service.tick("dlq.process", dead_letter_retries.process)
    service.run()
    retried = service.twins.now(execution).retried_as
    persist = service.recording.one("results.persist")
    assert persist.attributes["podline.execution.id"] == retried
    assert persist.parent == service.recording.one("dlq.process").id


def test_what_a_replay_submits_is_in_the_trace_of_its_slice() -> None:
    recording = Recording()
    with recording.tracing.step("replay.slice"):
        first, second = recording.tracing.submission(), recording.tracing.submission()
    span = recording.one("replay.slice")
    assert first == second == span.traceparent
    assert span.parent is None


class TestCallbacks:
    def test_the_receiver_gets_the_context_of_the_try(self) -> None:
        service = Service()
        service.submit(callback_url=URL)
        service.run()
        (delivery,) = service.twins.callbacks.sent
        span = service.recording.one("callback")
        assert delivery.traceparent == span.traceparent

    def test_a_try_that_fails_is_an_error(self) -> None:
        service = Service()
        service.twins.callbacks.refuse["good.example"] = "MARK"
        service.submit(callback_url=URL)
        service.run()
        span = service.recording.one("callback")
        assert span.error
        assert span.attributes["error.type"] == "CallbackFailed"
        assert "MARK" not in service.recording.exported()

    def test_tries_of_later_ticks_are_in_the_same_trace(self) -> None:
        service = Service()
        service.twins.callbacks.refuse["good.example"] = "full"
        service.submit(callback_url=URL)
        service.run()
        service.twins.clock.advance(11)
        service.tick("results.deliver", callbacks.deliver_due)
        spans = service.spans("callback")
        assert len(spans) == 2
        assert traces(spans) == traces(service.spans(SUBMIT))


class TestRelay:
    def test_events_have_the_context_of_their_delivery(self) -> None:
        service = Service()
        first, second = service.submit(), service.submit()
        waiting = dict(service.twins.store.events_to_relay.waiting(9))
        events = [*waiting[first.id], *waiting[second.id]]
        with service.recording.tracing.relay(events) as traced:
            contexts = {event.execution_id: event.traceparent for event in traced}
        spans = {span.attributes["podline.execution.id"]: span for span in service.spans("relay")}
        assert contexts == {id: span.traceparent for id, span in spans.items()}
        assert [replace(event, traceparent=None) for event in traced] == [
            replace(event, traceparent=None) for event in events
        ]

    def test_a_log_that_is_down_is_an_error(self) -> None:
        service = Service(event_log=LogThatIsDown())
        service.submit()
        service.tick("replay.relay", relay.relay)
        span = service.recording.one("relay")
        assert span.error
        assert span.attributes["error.type"] == "EventLogUnavailable"


class TestWithoutTraces:
    """An execution that was accepted without, as by an earlier release, stays without."""

    def test_workers_with_traces_record_nothing(self) -> None:
        service = Service()
        execution = service.twins.submit(callback_url=URL)
        assert execution.traceparent is None
        service.worker.run_one()
        service.worker.drop_messages()
        service.twins.clock.advance(11)
        service.tick("saga.sweep", sweep.sweep)
        service.run()
        service.tick("replay.relay", relay.relay)
        assert service.twins.now(execution).state is State.COMPLETED
        assert service.spans() == []
        assert [delivery.traceparent for delivery in service.twins.callbacks.sent] == [None]

    def test_whom_it_admits_is_linked_to_nothing(self) -> None:
        service = Service(max_running=1)
        service.twins.submit()
        service.submit()
        service.run()
        assert service.recording.one("admitted").links == []

    def test_workers_without_them_complete_what_is_traced(self) -> None:
        service = Service()
        execution = service.submit(callback_url=URL)
        without = replace(service.twins.ports, tracing=Untraced())
        Worker(without).run_all()
        assert service.twins.now(execution).state is State.COMPLETED
        assert [span.name for span in service.spans()] == [SUBMIT]
        assert [delivery.traceparent for delivery in service.twins.callbacks.sent] == [None]


@pytest.mark.parametrize("tracing", [Untraced(), Recording().tracing], ids=["off", "on"])
class TestEveryTracing:
    """What callers rely on, with and without traces."""

    def test_outside_of_anything_there_is_no_context(self, tracing: Tracing) -> None:
        assert tracing.submission() is None

    def test_a_step_and_a_tick_pass_errors_on(self, tracing: Tracing) -> None:
        for work in (tracing.step, tracing.tick):
            with pytest.raises(KeyError), work("a.b"):
                raise KeyError

    def test_an_execution_without_a_trace_is_fine(self, tracing: Tracing) -> None:
        row = make_twins().submit()
        with tracing.step("a.b"):
            tracing.about(row)
            tracing.changed(row.admit(1, 2))
            tracing.continued(row)
        with tracing.callback(row) as traceparent:
            assert traceparent is None

    def test_events_without_a_trace_are_relayed_as_they_are(self, tracing: Tracing) -> None:
        twins = make_twins()
        twins.submit()
        ((_, events),) = twins.store.events_to_relay.waiting(1)
        with tracing.relay(events) as traced:
            assert traced == events

    def test_what_has_a_trace_is_fine(self, tracing: Tracing) -> None:
        row = replace(make_twins().submit(), traceparent=TRACEPARENT)
        tracing.changed(row.admit(1, 2))
        tracing.about(row)
        tracing.continued(row)
        tracing.request("POST", "/x", TRACEPARENT)(200)


def test_variables_with_wrong_values_leave_everything_untraced(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def make() -> Pipeline:
        raise ValueError("the queue is too short")

    twins = make_twins(tracing=(tracing := OpenTelemetryTracing(make)))
    end = tracing.request("POST", "/x", None)
    execution = twins.submit(callback_url=URL)
    end(202)
    Worker(twins.ports).run_all()
    relay.relay(twins.ports)
    assert execution.traceparent is None
    assert twins.now(execution).state is State.COMPLETED
    (line,) = [record.message for record in caplog.records if "traces" in record.message]
    assert line == "there are no traces: the queue is too short"


def test_nothing_is_made_before_the_first_span_and_then_only_once() -> None:
    recording = Recording()
    twins = make_twins(tracing=recording.tracing)
    twins.submit()
    Worker(twins.ports).run_all()
    assert recording.made == 0

    together = threading.Barrier(8)

    def begin() -> None:
        together.wait()
        recording.tracing.request("POST", "/x", None)(200)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recording.made == 1
    assert len(recording.spans()) == 8
