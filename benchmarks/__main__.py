"""`python -m benchmarks [OPTION ...] [NAME ...]`: runs benchmarks and prints results as Markdown.

--quick    a smoke test that takes one or two minutes; its figures mean nothing
--executions N
           of the soak, instead of 50,000
NAME       run only these; those that need Kafka (KAFKA), a cluster (KUBECONFIG), a package index,
           Chromium or more than some minutes run by name only
"""

import argparse
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Final

from benchmarks import (
    admission,
    ahead,
    batches,
    bodies,
    burst,
    ceiling,
    compare,
    compilers,
    crowd,
    doors,
    event_log,
    hops,
    idle,
    latency,
    limits,
    many_tests,
    overview,
    packages,
    page,
    places,
    pods,
    retention,
    roles,
    runtime,
    slow_clients,
    soak,
    startup,
    streams,
    submissions,
    throughput,
    traces,
)

_QUESTIONS: Final[dict[str, ModuleType]] = {
    "runtime": runtime,
    "latency": latency,
    "tests": many_tests,
    "throughput": throughput,
    "submissions": submissions,
    "batches": batches,
    "doors": doors,
    "slow": slow_clients,
    "burst": burst,
    "hops": hops,
    "startup": startup,
    "idle": idle,
    "crowd": crowd,
    "overview": overview,
    "streams": streams,
    "admission": admission,
    "bodies": bodies,
    "limits": limits,
    "compare": compare,
    "compilers": compilers,
}
_QUESTIONS_TO_OTHERS: Final[dict[str, ModuleType]] = {
    "packages": packages,
    "pods": pods,
    "ahead": ahead,
    "places": places,
    "ceiling": ceiling,
    "roles": roles,
    "events": event_log,
    "page": page,
    "retention": retention,
    "soak": soak,
    "traces": traces,
}
_ALL: Final = _QUESTIONS | _QUESTIONS_TO_OTHERS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_ALL))
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    parser.add_argument("--executions", type=int, metavar="N", help="of the soak")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(_ALL)
    if unknown:
        parser.error(f"unknown names: {', '.join(sorted(unknown))}")
    print(_machine())
    for name in arguments.names or _QUESTIONS:
        question = _ALL[name]
        started = time.monotonic()
        more = {"executions": arguments.executions} if question is soak else {}
        answer = question.run(quick=arguments.quick, **more)
        print(f"\n## {question.TITLE}\n\n{answer}\n", flush=True)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)


def _machine() -> str:
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_processor()}, {os.cpu_count()} cores,"
        f" Linux {platform.release()}, Python {platform.python_version()};"
        f" load before the run: {load:.1f}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    main()
