"""What a real Jaeger shows of a real service: searches, parents, links, states and outcomes."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

import pytest

from podline import Client, Execution, Program
from tests.faults.conftest import SOON
from tests.support.constants import STEPS_APART, in_processes
from tests.support.jaeger import Jaeger, Shown, needs_jaeger, running_jaeger
from tests.support.receiver import Receiver
from tests.support.standalone import Standalone, running
from tests.support.waiting import wait_until

STEPS: Final = {"admission.admit", "saga.step", "pods.create", "monitor.poll", "results.persist"}
SUBMIT: Final = "POST /api/v1/executions"
BATCH: Final = "POST /api/v1/batches"
OUTCOME: Final = {"podline.outcome": "runtime_error"}
SLOW: Final = "sleep 8; echo MARK"
"""It runs until something is killed, also where spans arrive late."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(300), needs_jaeger]


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    with running_jaeger(tmp_path_factory.mktemp("jaeger")) as jaeger:
        yield jaeger


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, jaeger: Jaeger) -> Iterator[Standalone]:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "PODLINE_CALLBACK_NETWORKS": "127.0.0.0/8",
        "PODLINE_CALLBACK_SECRET": "a secret of 32 characters or more",
    }
    folder = tmp_path_factory.mktemp("jaeger") / "data"
    with running(Standalone(folder, variables | in_processes(**SOON, **STEPS_APART))) as up:
        yield up


@pytest.fixture
def client(up: Standalone) -> Client:
    return up.client()


@dataclass(frozen=True)
class Trace:
    """The only one in which an execution is."""

    spans: Sequence[Shown]

    def called(self, name: str) -> list[Shown]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> Shown:
        (span,) = self.called(name)
        return span

    def names(self) -> set[str]:
        return {span.name for span in self.spans}

    def check_below(self, request: str) -> None:
        """All but the request are its children, and nothing of the program is shown."""
        root = self.one(request)
        assert root.parents == []
        for span in self.spans:
            assert span.service == "podline"
            assert "MARK" not in str(span.tags)
            if span is not root:
                assert span.parents == [root.id]
                assert span.process != root.process


def trace_of(jaeger: Jaeger, execution_id: str, names: set[str]) -> Trace:
    """Return it once it has spans of all these names."""
    found: list[Trace] = []

    def is_there() -> bool:
        found[:] = map(Trace, jaeger.find(**{"podline.execution.id": execution_id}))
        return bool(found) and all(names <= trace.names() for trace in found)

    wait_until(is_there, within=90, or_fail=lambda: found)
    (trace,) = found
    return trace


def test_one_trace_leads_from_the_request_to_the_callback(jaeger: Jaeger, client: Client) -> None:
    with Receiver() as receiver:
        submitted = client.submit("echo MARK; exit 3", language="bash", callback_url=receiver.url)
        trace = trace_of(jaeger, submitted.id, STEPS | {"attempt", "relay", "callback"})
        receiver.wait_for(1)
        sent = receiver.received[0].headers["traceparent"]
    trace.check_below(SUBMIT)
    assert trace.one(SUBMIT).tags["http.response.status_code"] == 202
    assert trace.one(SUBMIT).tags["span.kind"] == "server"
    attempt, callback = trace.one("attempt"), trace.one("callback")
    assert (attempt.tags["podline.outcome"], attempt.tags["podline.attempt"]) == (
        "runtime_error",
        1,
    )
    # The program failed, not the service.
    assert not any("error" in span.tags for span in trace.spans)
    assert sent.split("-")[1:3] == [callback.trace, callback.id]
    assert attempt in [span for spans in jaeger.find(**OUTCOME) for span in spans]
    assert jaeger.services() == ["podline"]


def test_a_batch_is_one_trace(jaeger: Jaeger, client: Client) -> None:
    programs = [Program(source="echo MARK", language="bash")] * 3
    submitted = [each for each in client.submit_many(programs) if isinstance(each, Execution)]
    assert len(submitted) == 3
    requests = set()
    for each in submitted:
        trace = trace_of(jaeger, each.id, {BATCH, "results.persist", "relay"})
        trace.check_below(BATCH)
        requests.add(trace.one(BATCH).id)
    assert len(requests) == 1


def trace_with_a_kill(
    jaeger: Jaeger, up: Standalone, client: Client, part: str, names: Set[str] = frozenset()
) -> Trace:
    """The trace of an execution in whose program this part is killed, with spans of these names."""
    submitted = client.submit(SLOW, language="bash")
    trace_of(jaeger, submitted.id, {"pods.create"})
    up.kill(part)
    trace = trace_of(jaeger, submitted.id, {SUBMIT, "results.persist", "relay", *names})
    trace.check_below(SUBMIT)
    return trace


def test_a_killed_worker_and_its_successor_share_the_trace(
    jaeger: Jaeger, up: Standalone, client: Client
) -> None:
    trace = trace_with_a_kill(jaeger, up, client, "worker", {"attempt"})
    assert len({span.process for span in trace.spans}) == 3, "the API and both workers"


def test_an_attempt_that_is_lost_is_an_error_and_the_next_is_none(
    jaeger: Jaeger, up: Standalone, client: Client
) -> None:
    trace = trace_with_a_kill(jaeger, up, client, "sandbox")
    first, second = sorted(trace.called("attempt"), key=lambda span: span.tags["podline.attempt"])
    assert first.tags["error"] is True
    assert first.tags["otel.status_code"] == "ERROR"
    assert "error" not in second.tags
    assert second.tags["podline.outcome"] == "success"


def test_a_cancellation_is_linked_to_its_request(jaeger: Jaeger, client: Client) -> None:
    submitted = client.submit("sleep 60; echo MARK", language="bash")
    trace_of(jaeger, submitted.id, {"pods.create"})
    client.cancel(submitted.id)
    trace = trace_of(jaeger, submitted.id, {SUBMIT, "cancelled", "attempt"})
    cancelled = trace.one("cancelled")
    route = "POST /api/v1/executions/<execution_id>/cancel"
    wait_until(lambda: bool(jaeger.called(route)))
    ((request,),) = jaeger.called(route)
    assert cancelled.links == [request.id]
    assert cancelled.trace == trace.one(SUBMIT).trace != request.trace
