"""Spans reach a collector, as OpenTelemetry's variables say."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from app.infrastructure.opentelemetry.exporting import END_SECONDS, CollectorExporter, _Process
from app.infrastructure.opentelemetry.tracing import OpenTelemetryTracing
from app.infrastructure.untraced import Untraced
from app.wiring.tracing import make_tracing
from tests.support.builders import TRACEPARENT
from tests.support.collector import Collector
from tests.support.traces import TRACE

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ROOT = Path(__file__).parents[2]
OFF = """
import sys
from app.wiring.tracing import make_tracing
make_tracing()
print(*(name for name in sys.modules if name.startswith("opentelemetry")))
"""
SPANS = f"""
import os, sys
from app.wiring.tracing import make_tracing
tracing = make_tracing()
if "fork" in sys.argv and os.fork():
    os.wait()
for number in range(3):
    tracing.request("POST", f"/{{number}}", "{TRACEPARENT}")(202)
"""

IMPORTED_LATE = """
import sys
from app.wiring.tracing import make_tracing
tracing = make_tracing()
before = set(sys.modules)
tracing.request("POST", "/", None)(202)
print(*(name for name in set(sys.modules) - before if not name.startswith("concurrent.")))
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def run(*options: str, **variables: str) -> str:
    """Begin three requests in a process of its own. Returns what it logs."""
    ended = subprocess.run(
        [sys.executable, "-c", SPANS, *options],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stderr


class TestAProcess:
    def test_exports_the_last_spans_when_it_ends(self, collector: Collector) -> None:
        assert run(**{ENDPOINT: collector.url}) == ""
        assert [span.name for span in collector.spans()] == ["POST /0", "POST /1", "POST /2"]
        assert {span.trace for span in collector.spans()} == {TRACE}
        (resource, *others) = (each.resource for each in collector.sent)
        assert resource["service.name"] == "podline"
        assert resource["service.version"]
        assert resource["service.instance.id"].rpartition(":")[2].isdecimal()
        assert all(other == resource for other in others)
        assert {each.kind for each in collector.sent} == {"SPAN_KIND_SERVER"}

    @pytest.mark.long
    def test_obeys_the_standard_variables(self, collector: Collector) -> None:
        run(
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces",
            OTEL_SERVICE_NAME="judge",
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test",
            OTEL_TRACES_SAMPLER="always_on",
        )
        resource = collector.sent[0].resource
        assert resource["service.name"] == "judge"
        assert resource["deployment.environment"] == "test"

    @pytest.mark.long
    def test_records_only_what_the_sampler_takes(self, collector: Collector) -> None:
        run(**{ENDPOINT: collector.url, "OTEL_TRACES_SAMPLER": "always_off"})
        assert collector.sent == []

    @pytest.mark.long
    def test_continues_without_if_a_value_is_wrong(self, collector: Collector) -> None:
        (line,) = run(**{ENDPOINT: collector.url, "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}).splitlines()
        assert line == "there are no traces: max_queue_size must be a positive integer."

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("OTEL_BSP_SCHEDULE_DELAY", "abc", "parse value for OTEL_BSP_SCHEDULE_DELAY as"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "abc", "no traces: OTEL_SPAN_ATTRIBUTE_COUNT_LI"),
            ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "abc", "Failed to load resource detector"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "sec-abc-ret", "Header format invalid"),
        ],
    )
    def test_says_in_lines_which_value_is_wrong(
        self, name: str, value: str, said: str, collector: Collector
    ) -> None:
        logged = run(**{ENDPOINT: collector.url, name: value})
        assert said in logged
        assert "Traceback" not in logged
        assert "sec-abc-ret" not in logged

    @pytest.mark.long
    def test_may_fork_before_its_first_span(self, collector: Collector) -> None:
        run("fork", **{ENDPOINT: collector.url})
        assert len(collector.sent) == 6
        assert len({each.resource["service.instance.id"] for each in collector.sent}) == 2

    @pytest.mark.long
    def test_without_a_collector_says_so_in_one_line(self) -> None:
        with Collector() as gone:
            url = gone.url
        (line,) = run(**{ENDPOINT: url}).splitlines()
        assert "traces are lost until the collector accepts them" in line
        assert "Connection refused" in line


@pytest.mark.long
def test_without_traces_nothing_of_opentelemetry_is_imported() -> None:
    off = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command = [sys.executable, "-c", OFF]
    assert subprocess.check_output(command, env=off, cwd=ROOT, text=True) == "\n"


@pytest.mark.long
def test_the_first_request_imports_nothing(collector: Collector) -> None:
    on = {**os.environ, ENDPOINT: collector.url}
    command = [sys.executable, "-c", IMPORTED_LATE]
    assert subprocess.check_output(command, env=on, cwd=ROOT, text=True) == "\n"


def test_a_process_hashes_like_what_it_is_equal_to(monkeypatch: pytest.MonkeyPatch) -> None:
    own = _Process(Resource({"service.name": "podline"}))
    equal = Resource({"service.name": "podline"})
    assert own == equal
    assert hash(own) == hash(equal)
    monkeypatch.setattr(Resource, "__hash__", lambda _: pytest.fail("it is computed once"))
    assert {own: 1}[own] == 1


class Vendor(SpanExporter):
    """An exporter that logs as the vendor's does."""

    def __init__(self, seconds: float | None, *, fails: bool) -> None:
        self.seconds = seconds
        self.fails = fails
        self.exports = 0
        self.is_shut_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002  # the vendor's signature
        self.exports += 1
        if not self.fails:
            return SpanExportResult.SUCCESS
        log = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        log.warning("Connection refused: retrying")
        log.error("Failed to export")
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self.is_shut_down = True


class TestAnExporter:
    @pytest.fixture
    def made(self) -> list[Vendor]:
        return []

    def exporter(self, made: list[Vendor], *, fails: bool) -> CollectorExporter:
        def make(seconds: float | None) -> Vendor:
            made.append(Vendor(seconds, fails=fails))
            return made[-1]

        return CollectorExporter(make)

    def test_logs_when_the_collector_goes_and_when_it_is_back(
        self, made: list[Vendor], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        exporter = self.exporter(made, fails=True)
        for _ in range(3):
            assert exporter.export([]) is SpanExportResult.FAILURE
        made[0].fails = False
        for _ in range(3):
            assert exporter.export([]) is SpanExportResult.SUCCESS
        assert [record.message for record in caplog.records] == [
            "traces are lost until the collector accepts them: Connection refused: retrying",
            "the collector accepts traces again",
        ]

    def test_at_the_end_exports_what_is_left(self, made: list[Vendor]) -> None:
        exporter = self.exporter(made, fails=False)
        exporter.hurry()
        for _ in range(3):
            assert exporter.export([]) is SpanExportResult.SUCCESS
        before, last = made
        assert (before.seconds, before.exports, before.is_shut_down) == (None, 0, True)
        assert (last.seconds, last.exports, last.is_shut_down) == (END_SECONDS, 3, False)

    def test_at_the_end_tries_once_more_if_nothing_is_known(self, made: list[Vendor]) -> None:
        exporter = self.exporter(made, fails=True)
        exporter.hurry()
        for _ in range(3):
            assert exporter.export([]) is SpanExportResult.FAILURE
        assert [each.exports for each in made] == [0, 1]

    def test_at_the_end_does_not_wait_for_a_collector_that_is_down(
        self, made: list[Vendor]
    ) -> None:
        exporter = self.exporter(made, fails=True)
        exporter.export([])
        exporter.hurry()
        exporter.export([])
        assert [each.exports for each in made] == [1, 0]


class TestSettings:
    @pytest.mark.parametrize(
        "variables",
        [
            {},
            {"OTEL_SERVICE_NAME": "podline"},
            {ENDPOINT: ""},
            {ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "true"},
            {ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": " TRUE "},
            {ENDPOINT: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"},
        ],
    )
    def test_off_unless_an_exporter_is_set(self, variables: dict[str, str]) -> None:
        assert isinstance(make_tracing(variables), Untraced)

    @pytest.mark.parametrize(
        "variables",
        [
            {ENDPOINT: "http://c:4318"},
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"},
            {"OTEL_TRACES_EXPORTER": "otlp"},
            {ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "false"},
            {ENDPOINT: "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            {
                ENDPOINT: "http://c:4318",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
        ],
    )
    def test_on_if_one_is(self, variables: dict[str, str]) -> None:
        assert isinstance(make_tracing(variables), OpenTelemetryTracing)

    @pytest.mark.parametrize(
        ("variables", "named"),
        [
            ({ENDPOINT: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "over grpc"),
            ({"OTEL_TRACES_EXPORTER": "zipkin"}, "not zipkin"),
        ],
    )
    def test_what_is_not_supported_is_named(
        self, variables: dict[str, str], named: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert isinstance(make_tracing(variables), Untraced)
        assert "there are no traces: only otlp over http/protobuf is supported" in caplog.text
        assert named in caplog.text

    def test_packages_that_are_missing_are_named(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setitem(sys.modules, "app.infrastructure.opentelemetry.exporting", None)
        assert isinstance(make_tracing({ENDPOINT: "http://c:4318"}), Untraced)
        assert "there are no traces: install podline[otel]" in caplog.text
