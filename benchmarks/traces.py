"""What traces cost: services with and without them, side by side."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from app.infrastructure.untraced import Untraced
from benchmarks.api import Api
from benchmarks.cpu import with_children_ms
from benchmarks.measure import p50, stretch, table, verdict
from benchmarks.service import running
from tests.support.builders import an_execution
from tests.support.standalone import Standalone

TITLE: Final = "Executions of `print(1)` per second with traces, eight in flight"
AT_ONCE: Final = 8
BAR: Final = 0.95
"""Relative to a service without."""
WITHOUT: Final = "without traces"
AGAIN: Final = "without traces, another service"
"""Two that are the same show what chance does. The others are compared with their mean."""
MICROSECONDS: Final = 1_000_000
_COLLECTOR: Final = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""Takes no time of its own, because others run theirs elsewhere."""


@dataclass(frozen=True, slots=True)
class _Case:
    service: Standalone
    api: Api

    def measured(self, seconds: float) -> tuple[float, float]:
        """Executions per second, and milliseconds of CPU time that API and worker take for one."""
        before = self._cpu_ms()
        ended = len(stretch(self.api.run, at_once=AT_ONCE, seconds=seconds))
        return ended / seconds, (self._cpu_ms() - before) / ended

    def _cpu_ms(self) -> float:
        return sum(with_children_ms(self.service.child(name)) for name in ("api", "worker"))


def run(*, quick: bool) -> str:
    rounds, seconds = (1, 2) if quick else (40, 1)
    with ExitStack() as stack:
        on = {"OTEL_EXPORTER_OTLP_ENDPOINT": stack.enter_context(_collector())}
        sampled = {
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.01",
        }
        variables: dict[str, Mapping[str, str]] = {
            WITHOUT: {},
            "all are traced": on,
            "one in a hundred": on | sampled,
            AGAIN: {},
        }
        cases = {
            name: _Case(*stack.enter_context(running(variables=given, max_running=AT_ONCE)))
            for name, given in variables.items()
        }
        turns = [
            {name: case.measured(seconds) for name, case in cases.items()} for _ in range(rounds)
        ]
    head = ["", "per second", "relative", f"target: {BAR}", "CPU time, ms", "relative"]
    shown = table(head, [_row(name, turns) for name in variables])
    return f"{shown}\n\nWithout traces, the calls of one execution take {_calls_us():.1f} µs."


def _row(name: str, turns: Sequence[Mapping[str, tuple[float, float]]]) -> list[object]:
    """Compute ratios within each round, since the machine's speed may differ between rounds."""
    rates, times = zip(*(turn[name] for turn in turns), strict=True)
    of_rate, of_time = (
        p50([2 * turn[name][it] / (turn[WITHOUT][it] + turn[AGAIN][it]) for turn in turns])
        for it in (0, 1)
    )
    met = verdict(of_rate, BAR, at_least=True)
    return [name, p50(rates), f"{of_rate:.3f}", met, p50(times), f"{of_time:.3f}"]


@contextmanager
def _collector() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-c", _COLLECTOR], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def _calls_us(times: int = 10_000) -> float:
    tracing, row = Untraced(), an_execution()
    change = row.admit(1, 2)
    began = perf_counter()
    for _ in range(times):
        end = tracing.request("POST", "/", None)
        tracing.submission()
        for _ in range(5):
            with tracing.step("step"):
                tracing.about(row)
                tracing.changed(change)
        with tracing.relay([]):
            end(202)
    return MICROSECONDS * (perf_counter() - began) / times
