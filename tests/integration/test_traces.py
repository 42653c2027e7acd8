"""One trace of a real service, as a collector receives it from all processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import SOON
from tests.support.builders import TRACEPARENT
from tests.support.collector import Collector, Sent
from tests.support.constants import STEPS_APART, in_processes
from tests.support.kafka_server import KafkaServer, messages
from tests.support.receiver import Receiver
from tests.support.roles import Roles
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.standalone import Standalone, running
from tests.support.traces import PARENT, TRACE
from tests.support.waiting import wait_until

REQUEST = "POST /api/v1/executions"
STEPS = {"admission.admit", "saga.step", "pods.create", "monitor.poll", "results.persist"}


TWO_WORKERS = {"first": "admission,saga,pods", "second": "monitor,results,replay,dlq"}
"""Each joins some of the steps, and there is one message between them."""


def variables(collector: Collector) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "PODLINE_CALLBACK_NETWORKS": "127.0.0.0/8",
        "PODLINE_CALLBACK_SECRET": "a secret of 32 characters or more",
    }


@dataclass(frozen=True)
class Traced:
    """A service, and where its traces go."""

    url: str
    key: str
    collector: Collector

    def submit(self, source: str, callback_url: str | None = None) -> str:
        answer = httpx.post(
            f"{self.url}/api/v1/executions",
            json={
                "language": "bash",
                "source": source,
                "args": ["MARK"],
                "labels": {"mark": "MARK"},
                **({"callback_url": callback_url} if callback_url else {}),
            },
            headers={
                "Authorization": f"Bearer {self.key}",
                "traceparent": TRACEPARENT,
            },
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def of(self, execution_id: str) -> list[Sent]:
        """What was recorded of an execution, its request aside."""
        return [
            each
            for each in list(self.collector.sent)
            if each.span.attributes.get("podline.execution.id") == execution_id
        ]

    def wait_for(self, execution_id: str, names: set[str]) -> list[Sent]:
        wait_until(
            lambda: names <= {each.span.name for each in self.of(execution_id)},
            within=60,
            or_fail=lambda: [each.span for each in self.of(execution_id)],
        )
        return self.of(execution_id)

    def span(self, id: str) -> Sent:
        """The span of this id, once it has arrived."""
        found: list[Sent] = []

        def has_arrived() -> bool:
            found[:] = [each for each in list(self.collector.sent) if each.span.id == id]
            return bool(found)

        wait_until(has_arrived, within=60)
        return found[0]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Standalone]:
    folder = tmp_path_factory.mktemp("traces") / "data"
    # As many messages as there can be.
    apart = in_processes(**SOON, **STEPS_APART)
    with running(Standalone(folder, variables(collector) | apart)) as up:
        yield up


@pytest.fixture
def traced(up: Standalone, collector: Collector) -> Traced:
    url, key = ((up.data_dir / name).read_text().strip() for name in ("url", "key"))
    return Traced(url, key, collector)


def check_one_trace(traced: Traced, receiver: Receiver) -> list[Sent]:
    """Run a program: all that is done for it is below the request, which continues the client's."""
    execution_id = traced.submit("echo MARK $0", receiver.url)
    sent = traced.wait_for(execution_id, {*STEPS, "attempt", "callback", "relay"})
    assert {each.span.trace for each in sent} == {TRACE}
    (parent,) = {each.span.parent for each in sent}
    request = traced.span(str(parent))
    assert (request.span.name, request.span.parent) == (REQUEST, PARENT)
    (attempt,) = [each.span for each in sent if each.span.name == "attempt"]
    assert attempt.attributes["podline.outcome"] == "success"
    assert attempt.attributes["podline.attempt"] == 1
    receiver.wait_for(1)
    assert receiver.received[0].headers["traceparent"] in contexts(sent, "callback")
    assert processes([request]).isdisjoint(processes(sent))
    return sent


def contexts(sent: Sequence[Sent], name: str) -> set[str]:
    return {each.span.traceparent for each in sent if each.span.name == name}


def processes(sent: Sequence[Sent]) -> set[str]:
    return {each.resource["service.instance.id"] for each in sent}


@pytest.mark.long
@pytest.mark.timeout(300)
class TestUp:
    def test_one_trace_has_everything(self, traced: Traced) -> None:
        with Receiver() as receiver:
            sent = check_one_trace(traced, receiver)
        assert len(processes(sent)) == 1, "the worker"

    def test_a_worker_that_is_killed_breaks_no_trace(self, up: Standalone, traced: Traced) -> None:
        execution_id = traced.submit("sleep 10; echo MARK")
        traced.wait_for(execution_id, {"pods.create"})
        up.kill("worker")
        sent = traced.wait_for(execution_id, {"results.persist", "relay"})
        assert {each.span.trace for each in sent} == {TRACE}
        assert len(processes(sent)) == 2

    def test_what_the_sweep_finds_is_in_its_trace(self, up: Standalone, traced: Traced) -> None:
        up.child("worker").suspend()
        execution_id = traced.submit("echo MARK")
        up.redis().delete("admission")
        up.kill("worker")
        sent = traced.wait_for(execution_id, {"saga.sweep", "results.persist"})
        assert {each.span.trace for each in sent} == {TRACE}
        (link,) = next(each.span.links for each in sent if each.span.name == "saga.sweep")
        tick = traced.span(link).span
        assert (tick.name, tick.parent) == ("saga.sweep", None)
        assert tick.trace != TRACE

    def test_nothing_of_a_program_is_exported(self, traced: Traced) -> None:
        assert traced.collector.bodies
        assert not any(b"MARK" in body for body in traced.collector.bodies)


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_two_workers_and_kafka_share_the_trace(
    tmp_path: Path, collector: Collector, kafka: KafkaServer
) -> None:
    daemon = SandboxDaemon(tmp_path / "sandbox")
    daemon.folder.mkdir()
    daemon.start()
    try:
        with (
            Roles(
                tmp_path,
                f"unix://{daemon.socket}",
                workers=TWO_WORKERS,
                settings=variables(collector),
            ) as roles,
            Receiver() as receiver,
        ):
            sent = check_one_trace(Traced(roles.url, roles.key, collector), receiver)
            assert len(processes(sent)) == 2
            headers = [dict(each.headers() or []) for each in messages(kafka, roles.topic)]
            # Not in those of the audit log, which are of no execution.
            found = {each.get("traceparent") for each in headers}
            assert found & {each.encode() for each in contexts(sent, "relay")}
    finally:
        daemon.stop()
