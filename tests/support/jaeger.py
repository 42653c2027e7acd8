"""A real Jaeger on the loopback interface, which keeps its traces in memory.

https://www.jaegertracing.io/docs/2.13/getting-started/
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest
import yaml

from tests.support.ports import HOST, free_port
from tests.support.waiting import wait_until

JAEGER: Final = shutil.which(os.environ.get("JAEGER") or "jaeger")
needs_jaeger: Final = pytest.mark.skipif(
    JAEGER is None, reason="needs Jaeger 2, on the PATH or as JAEGER"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A span, as Jaeger's page shows it."""

    id: str
    trace: str
    name: str
    service: str
    process: str
    parents: Sequence[str]
    links: Sequence[str]
    tags: Mapping[str, Any]

    @classmethod
    def of(cls, span: Any, processes: Any) -> Self:
        process = processes[span["processID"]]
        references = [(each["refType"], each["spanID"]) for each in span["references"]]
        return cls(
            id=span["spanID"],
            trace=span["traceID"],
            name=span["operationName"],
            service=process["serviceName"],
            process=_tags(process)["service.instance.id"],
            parents=[id for kind, id in references if kind == "CHILD_OF"],
            links=[id for kind, id in references if kind == "FOLLOWS_FROM"],
            tags=_tags(span),
        )


def _tags(shown: Any) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in shown["tags"]}


@dataclass(frozen=True, slots=True)
class Jaeger:
    otlp: str
    """Where it takes traces."""
    query: str

    def find(self, **tags: str) -> list[list[Shown]]:
        """The traces with a span that has these tags: the spans of each."""
        return self._traces(tags=json.dumps(tags))

    def called(self, operation: str) -> list[list[Shown]]:
        """The traces with a span of this name."""
        return self._traces(operation=operation)

    def services(self) -> list[str]:
        return list(self._get("/api/services") or [])

    def _traces(self, **search: str) -> list[list[Shown]]:
        found = self._get("/api/traces", service="podline", limit="100", **search)
        return [
            [Shown.of(span, trace["processes"]) for span in trace["spans"]] for trace in found or []
        ]

    def _get(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.query}{path}", params=parameters, timeout=30)
        answer.raise_for_status()
        return answer.json()["data"]


@contextmanager
def running_jaeger(folder: Path) -> Iterator[Jaeger]:
    assert JAEGER is not None
    otlp, query, grpc = (f"{HOST}:{free_port()}" for _ in range(3))
    config = folder / "jaeger.yaml"
    config.write_text(yaml.safe_dump(_config(otlp, query, grpc)))
    with (folder / "jaeger.log").open("wb") as log:
        process = subprocess.Popen(
            [JAEGER, "--config", f"file:{config}"], stdout=log, stderr=subprocess.STDOUT
        )
    jaeger = Jaeger(f"http://{otlp}", f"http://{query}")

    def answers() -> bool:
        assert process.poll() is None, "it has ended"
        try:
            return all(
                httpx.get(url, timeout=30).status_code for url in (jaeger.otlp, jaeger.query)
            )
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, within=60, or_fail=(folder / "jaeger.log").read_text)
        yield jaeger
    finally:
        process.kill()
        process.wait()


def _config(otlp: str, query: str, grpc: str) -> dict[str, Any]:
    return {
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 10_000}}}},
            "jaeger_query": {
                "storage": {"traces": "memory"},
                "http": {"endpoint": query},
                "grpc": {"endpoint": grpc},
            },
        },
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": otlp}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {
                "traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}
            },
            "telemetry": {"metrics": {"level": "none"}},
        },
    }
