"""Bursts on a cluster with room for few: does the rest wait in the queue? Needs KUBECONFIG, KAFKA.

Every slot that the cluster has no room for is taken back, so `max_running` may be any number.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from kubernetes import client

from benchmarks.api import EXECUTIONS, Api
from benchmarks.measure import p50, p95, rate, table, verdict
from tests.support.kubernetes.images import LANGUAGE_IMAGES, pod_image
from tests.support.kubernetes.namespace import a_namespace, api_client
from tests.support.roles import ONE_FOR_ALL, Roles
from tests.support.waiting import wait_until

TITLE: Final = "`print(1)`, each in a new pod, submitted at once to a cluster with few places"
SLOTS: Final = 200
FEW: Final = 4
BURSTS: Final = (16, 64, 200)
THROUGHPUT_BAR: Final = 0.95
WAIT_BAR: Final = 1.15
"""p95 of a burst, by what it would take at the throughput of few."""
_SECONDS_OF_FEW: Final = 40
_SECONDS_OF_A_BURST: Final = 300


@dataclass(frozen=True, slots=True)
class Burst:
    """What became of executions that were submitted at once."""

    size: int
    per_second: float
    seconds: Sequence[float]
    """From the submission of each to its end."""
    attempts: int
    """More than one for each."""
    failed: int
    """Those that had not ended in time are among them."""
    refusals: int
    """How often the scheduler found no node."""


def run(*, quick: bool) -> str:
    with a_namespace() as namespace, _service(namespace) as api:
        api.run()
        few = rate(api.run, at_once=FEW, seconds=10 if quick else _SECONDS_OF_FEW)
        sizes = BURSTS[:1] if quick else BURSTS
        bursts = [_burst(api, namespace, size) for size in sizes]
    rows = [[f"{FEW} at a time", few, "", "", "", "", ""], *(_row(burst) for burst in bursts)]
    head = ["", "per second", "p50 (s)", "p95 (s)", "not scheduled", "attempts spent", "failed"]
    return f"{table(head, rows)}\n\n" + "\n".join(_verdict(burst, few) for burst in bursts)


def _row(burst: Burst) -> list[object]:
    return [
        f"{burst.size} at once",
        burst.per_second,
        p50(burst.seconds),
        p95(burst.seconds),
        burst.refusals,
        burst.attempts,
        burst.failed,
    ]


def _verdict(burst: Burst, few: float) -> str:
    kept = burst.per_second / few
    longer = p95(burst.seconds) / (0.95 * burst.size / few)
    return (
        f"- {burst.size} at once: {kept:.2f} of the throughput of {FEW}"
        f" (at least {THROUGHPUT_BAR}: {verdict(kept, THROUGHPUT_BAR, at_least=True)});"
        f" p95 {longer:.2f} times the queue's share (at most {WAIT_BAR}:"
        f" {verdict(longer, WAIT_BAR)})."
    )


def _burst(api: Api, namespace: str, size: int) -> Burst:
    refused = _refusals(namespace)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: api.submit()["id"], range(size)))
    with suppress(AssertionError):
        wait_until(lambda: not _unfinished(api), within=_SECONDS_OF_A_BURST, every=0.5)
    rows = [api.call("GET", f"{EXECUTIONS}/{id}") for id in ids]
    began = min(_time(row["created_at"]) for row in rows)
    completed = [row for row in rows if row["state"] == "completed"]
    ended = [_time(row["completed_at"]) for row in completed]
    return Burst(
        size=size,
        per_second=len(ended) / (max(ended) - began),
        seconds=[_time(row["completed_at"]) - _time(row["created_at"]) for row in completed],
        attempts=sum(max(row["attempt"] - 1, 0) for row in rows),
        failed=size - len(completed),
        refusals=_refusals(namespace) - refused,
    )


def _unfinished(api: Api) -> int:
    counts: dict[str, dict[str, int]] = api.queue()["counts"]
    return sum(sum(of_state.values()) for of_state in counts.values())


def _refusals(namespace: str) -> int:
    events = client.CoreV1Api(api_client()).list_namespaced_event(namespace).items
    return sum(_times(event) for event in events if event.reason == "FailedScheduling")


def _times(event: Any) -> int:
    return (event.series.count if event.series else None) or event.count or 1


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def _service(namespace: str) -> Iterator[Api]:
    """With SQLite: the stand-in for MongoDB would take as much of the two cores as the pods."""
    url = f"kubernetes://{namespace}"
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        settings = {
            "PODLINE_DATABASE_URL": f"sqlite:///{folder}/podline.db",
            "PODLINE_KUBERNETES__IMAGES": LANGUAGE_IMAGES,
            "PODLINE_KUBERNETES__POD_IMAGE": pod_image().name,
            "PODLINE_KUBERNETES__IMAGE_PULL_POLICY": "Never",
            "PODLINE_MAX_RUNNING": str(SLOTS),
            "PODLINE_LOG_LEVEL": "warning",
        }
        with Roles(Path(folder), url, workers=ONE_FOR_ALL, settings=settings) as roles:
            yield Api(roles.url, roles.key)
