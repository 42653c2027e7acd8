"""What traces cost: services with and without them, side by side.

Throughput on two cores is what an execution costs in CPU time, of all processes together. That can
be measured beside other work, which throughput itself can't.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from app.infrastructure.untraced import Untraced
from benchmarks.api import Api
from benchmarks.cpu import of_tree_ms, with_children_ms
from benchmarks.measure import p50, shared_out, table, verdict
from benchmarks.service import running
from tests.support.builders import an_execution
from tests.support.standalone import Standalone

TITLE: Final = "CPU time of executions of `print(1)` with traces, eight in flight"
AT_ONCE: Final = 8
BAR: Final = 1.05
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
class _Taken:
    """Of one execution. CPU times are in milliseconds."""

    of_api_and_worker: float
    of_all: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Case:
    service: Standalone
    api: Api

    def measured(self, executions: int) -> _Taken:
        before, began = self._cpu_ms(), perf_counter()
        shared_out(lambda _: self.api.run(), at_once=AT_ONCE, count=executions)
        seconds = perf_counter() - began
        of_two, of_all = (now - then for now, then in zip(self._cpu_ms(), before, strict=True))
        return _Taken(of_two / executions, of_all / executions, seconds / executions)

    def _cpu_ms(self) -> tuple[float, float]:
        two = (self.service.child(name) for name in ("api", "worker"))
        return sum(map(with_children_ms, two)), of_tree_ms(self.service.pid)


def run(*, quick: bool) -> str:
    rounds, executions = (1, 40) if quick else (40, 40)
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
            "none, with an exporter": on | {"OTEL_TRACES_SAMPLER": "always_off"},
            AGAIN: {},
        }
        cases = {
            name: _Case(*stack.enter_context(running(variables=given, max_running=AT_ONCE)))
            for name, given in variables.items()
        }
        turns = [
            {name: case.measured(executions) for name, case in cases.items()} for _ in range(rounds)
        ]
    head = ["CPU time, ms", "API and worker", "relative", "all", "relative", f"target: {BAR}"]
    shown = table([*head, "per second"], [_row(name, turns) for name in variables])
    return f"{shown}\n\nWithout traces, the calls of one execution take {_calls_us():.1f} µs."


def _row(name: str, turns: Sequence[Mapping[str, _Taken]]) -> list[object]:
    of_two, relative_of_two = _compared(name, turns, lambda taken: taken.of_api_and_worker)
    of_all, relative = _compared(name, turns, lambda taken: taken.of_all)
    seconds, _ = _compared(name, turns, lambda taken: taken.seconds)
    return [
        name,
        of_two,
        f"{relative_of_two:.3f}",
        of_all,
        f"{relative:.3f}",
        verdict(relative, BAR),
        1 / seconds,
    ]


def _compared(
    name: str, turns: Sequence[Mapping[str, _Taken]], of: Callable[[_Taken], float]
) -> tuple[float, float]:
    """The median, and that of the ratios within each turn: a machine's speed differs by turn."""
    ratios = [2 * of(turn[name]) / (of(turn[WITHOUT]) + of(turn[AGAIN])) for turn in turns]
    return p50([of(turn[name]) for turn in turns]), p50(ratios)


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
