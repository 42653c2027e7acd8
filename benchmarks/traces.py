"""What traces cost: services with and without them, side by side."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Final

from app.infrastructure.untraced import Untraced
from benchmarks.measure import p50, rates_in_turns, table, verdict
from benchmarks.service import running
from tests.support.builders import an_execution

TITLE: Final = "Executions of `print(1)` per second with traces, eight in flight"
AT_ONCE: Final = 8
BAR: Final = 0.95
"""Relative to a service without."""
WITHOUT: Final = "without traces"
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


def run(*, quick: bool) -> str:
    with ExitStack() as stack:
        on = {"OTEL_EXPORTER_OTLP_ENDPOINT": stack.enter_context(_collector())}
        cases: dict[str, Mapping[str, str]] = {
            WITHOUT: {},
            "all are traced": on,
            "one in a hundred": {
                **on,
                "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": "0.01",
            },
            "without traces, again": {},
        }
        started = {
            case: stack.enter_context(running(variables=variables, max_running=AT_ONCE))[1].run
            for case, variables in cases.items()
        }
        rates = rates_in_turns(
            started, at_once=AT_ONCE, seconds=2 if quick else 4, rounds=1 if quick else 9
        )
    rows = [_row(case, of_case, rates[WITHOUT]) for case, of_case in rates.items()]
    shown = table(["", "per second", "relative", f"target: {BAR}"], rows)
    return f"{shown}\n\nWithout traces, the calls of one execution take {_calls_us():.1f} µs."


def _row(case: str, rates: list[float], without: list[float]) -> list[object]:
    """Compute the ratio within each round, since the machine's speed may differ between rounds."""
    ratio = p50([rate / other for rate, other in zip(rates, without, strict=True)])
    return [case, p50(rates), f"{ratio:.3f}", verdict(ratio, BAR, at_least=True)]


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
