"""New pods, pods started ahead, and sandbox hosts, side by side.

Needs a cluster (KUBECONFIG, KUBECTL) of one node that is this machine, Kafka (KAFKA), and root.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Final, TypeAlias

from benchmarks import cluster
from benchmarks.api import Api, Unavailable
from benchmarks.cpu import of_machine_ms
from benchmarks.measure import MILLISECONDS, p50, p95, p99, shared_out, table, verdict
from benchmarks.service import WARM_UP, running
from tests.kubernetes.deployment import Hosts, deployed, node_run
from tests.support.kubernetes.namespace import a_namespace
from tests.support.many_hosts import ManyHosts
from tests.support.mongo_server import MongoServer
from tests.support.waiting import wait_until

TITLE: Final = "`print` by place"
FEW: Final = 4
QUICK: Final = 16
"""No more are in flight in a smoke test."""
BURST: Final = 100
AHEAD: Final = 4
"""Pods in the pool."""
SLOTS: Final = 200
"""More than the cluster has room for."""
HOSTS: Final = {"alpha": 1, "beta": 1, "gamma": 2}
"""Their slots: together, those of one `podline up` on two cores."""
ROUNDS: Final = 3

NEW: Final = "new pods"
FULL: Final = "pods started ahead, the pool full before each"
STARTED_AHEAD: Final = "pods started ahead"
DEPLOYMENT: Final = "a host as a Deployment"
THREE: Final = "three hosts"
UP: Final = "`podline up`"
UP_ON_MONGO: Final = "`podline up`, the hosts' store"

HOSTS_BAR: Final = 15.0
SHARE_BAR: Final = 0.9
FULL_BAR: Final = 150.0
"""Milliseconds."""
DRAINED_BAR: Final = 1.1
MANY_BAR: Final = 0.95
FAULTS_AMONG: Final = 300
SLEEPS: Final = "import time; time.sleep(0.5); print(1)"
_SECONDS_OF_FAULTS: Final = 300
_SECONDS_TO_RETRY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one execution."""

    taken: float
    """Milliseconds from the request to the response, which says how the execution ended."""
    attempts: int
    """Spent, beyond the first."""
    is_right: bool
    refused: int
    """How often the service was unavailable."""


@dataclass(frozen=True, slots=True)
class Load:
    """What became of executions, of which so many were in flight."""

    times: Sequence[float]
    seconds: float
    cpu_ms: float
    """CPU time of the whole machine for each execution."""
    attempts: int
    wrong: int
    refused: int

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds


Loads: TypeAlias = dict[str, dict[int, list[Load]]]
"""By place, and by how many are in flight; one for each round."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured so far."""

    loads: Loads = field(default_factory=dict)
    bursts: dict[str, Load] = field(default_factory=dict)


def run(*, quick: bool) -> str:
    found = Measured()
    measure_new_pods(found, quick)
    measure_pods_ahead(found, quick)
    measure_deployment(found, quick)
    faults = measure_hosts_here(found, quick)
    bars = "\n".join(bars_of(found.loads))
    return "\n\n".join([table_of(found.loads), table_of_bursts(found.bursts), faults, bars])


def measure_new_pods(found: Measured, quick: bool) -> None:
    with _new_pods() as (api, settle):
        counts = _counts({1: 8, FEW: 24, 8: 16, 16: 40, 64: 80, 200: 200}, quick)
        found.loads.update(_loads({NEW: api}, counts, settle))


def measure_pods_ahead(found: Measured, quick: bool) -> None:
    with _pods_ahead() as (api, fill):
        found.loads[FULL] = {1: [_one_by_one(api, 4 if quick else 12, fill)]}
        counts = _counts({8: 16, 16: 24, 64: 64}, quick)
        found.loads.update(_loads({STARTED_AHEAD: api}, counts))
        fill()
        found.bursts[STARTED_AHEAD] = _load(api, BURST, BURST)


def measure_deployment(found: Measured, quick: bool) -> None:
    with _deployment() as api:
        counts = _counts({1: 40, 8: 100, 16: 100, 64: 128}, quick)
        found.loads.update(_loads({DEPLOYMENT: api}, counts))
        found.bursts[DEPLOYMENT] = _load(api, BURST, BURST)


def measure_hosts_here(found: Measured, quick: bool) -> str:
    """Also return what became of executions when hosts were killed and restarted."""
    with _here() as (hosts, apis):
        counts = _counts({1: 30, 8: 100, 16: 100, 64: 128}, quick)
        found.loads.update(_loads(apis, counts, rounds=1 if quick else ROUNDS))
        found.bursts.update((place, _load(api, BURST, BURST)) for place, api in apis.items())
        return _one_killed_and_one_restarted(hosts, 60 if quick else FAULTS_AMONG)


def _counts(counts: Mapping[int, int], quick: bool) -> Mapping[int, int]:
    """How many executions to run, by how many are in flight."""
    if not quick:
        return counts
    return {at_once: 2 * at_once for at_once in counts if at_once <= QUICK}


def _loads(
    apis: Mapping[str, Api],
    counts: Mapping[int, int],
    settle: Callable[[], object] = lambda: None,
    rounds: int = 1,
) -> Loads:
    """Return the loads of each place. Places take turns."""
    found: Loads = {place: {} for place in apis}
    for at_once, count in counts.items():
        for _ in range(rounds):
            for place, api in apis.items():
                load = _load(api, at_once, count)
                found[place].setdefault(at_once, []).append(load)
                print(*_row(place, at_once, [load]), file=sys.stderr, flush=True)
                settle()
    return found


def _load(api: Api, at_once: int, count: int) -> Load:
    cpu_ms, began = of_machine_ms(), perf_counter()
    ran = shared_out(lambda number: _run(api, number), at_once=at_once, count=count)
    return _load_of(ran, perf_counter() - began, of_machine_ms() - cpu_ms)


def _one_by_one(api: Api, count: int, fill: Callable[[], object]) -> Load:
    """Run one at a time, each with a full pool. Filling it counts for nothing."""
    ran, seconds, cpu_ms = [], 0.0, 0.0
    for number in range(count):
        fill()
        before, began = of_machine_ms(), perf_counter()
        ran.append(_run(api, number))
        seconds += perf_counter() - began
        cpu_ms += of_machine_ms() - before
    return _load_of(ran, seconds, cpu_ms)


def _run(api: Api, number: int) -> Ran:
    """Run a program. If the service is unavailable, try again, as its users do."""
    began, refused = perf_counter(), 0
    while True:
        try:
            execution = api.run(f"print({number})")
        except Unavailable:
            refused += 1
            sleep(_SECONDS_TO_RETRY)
        else:
            break
    return Ran(
        taken=MILLISECONDS * (perf_counter() - began),
        attempts=execution["attempt"] - 1,
        is_right=execution["result"]["stdout"] == f"{number}\n",
        refused=refused,
    )


def _load_of(ran: Sequence[Ran], seconds: float, cpu_ms: float) -> Load:
    return Load(
        times=[each.taken for each in ran],
        seconds=seconds,
        cpu_ms=cpu_ms / len(ran),
        attempts=sum(each.attempts for each in ran),
        wrong=sum(not each.is_right for each in ran),
        refused=sum(each.refused for each in ran),
    )


def _one_killed_and_one_restarted(service: ManyHosts, count: int) -> str:
    """Kill a host under load, restart another, and count what became of each execution."""
    _, beta, gamma = service.hosts.values()
    ids = service.submitted(SLEEPS, count)
    wait_until(lambda: service.attempts_at(beta.name))
    lost = service.killed(beta)
    service.restart(gamma)
    ended = service.ended(ids, within=_SECONDS_OF_FAULTS)
    rows: list[list[object]] = [
        ["accepted", len(ids)],
        ["under way on the host that was killed", len(lost)],
        ["spent an attempt", sum(each.attempt > 1 for each in ended)],
        [
            "of these, on the host that was killed",
            sum(each.id in lost for each in ended if each.attempt > 1),
        ],
        [
            "succeeded, with the right output",
            sum(each.result is not None and each.result.stdout == "1\n" for each in ended),
        ],
        ["ended exactly once, by their events", service.ends_of(ids)[1]],
    ]
    return table([f"{THREE}: one is killed, then another restarted", "executions"], rows)


def table_of(loads: Loads) -> str:
    rows = [
        _row(place, at_once, several)
        for place, of_place in loads.items()
        for at_once, several in of_place.items()
    ]
    head = ["", "in flight", "p50 (ms)", "p95 (ms)", "per second", "CPU (ms)"]
    return table([*head, "attempts", "wrong", "503"], rows)


def _row(place: str, at_once: int, several: Sequence[Load]) -> list[object]:
    times = [taken for load in several for taken in load.times]
    return [
        place,
        at_once,
        p50(times),
        p95(times),
        p50([load.per_second for load in several]),
        p50([load.cpu_ms for load in several]),
        sum(load.attempts for load in several),
        sum(load.wrong for load in several),
        sum(load.refused for load in several),
    ]


def table_of_bursts(bursts: Mapping[str, Load]) -> str:
    head = [f"{BURST} at once", "p50 (ms)", "p99 (ms)", "attempts", "wrong", "503"]
    return table(
        head,
        [
            [place, p50(load.times), p99(load.times), load.attempts, load.wrong, load.refused]
            for place, load in bursts.items()
        ],
    )


def bars_of(loads: Loads) -> Iterator[str]:
    """Ratios are those of each round, as the machine's speed may differ between rounds."""
    new = {at_once: load for at_once, (load,) in loads[NEW].items()}
    for at_once, (host,) in loads[DEPLOYMENT].items():
        faster = host.per_second / new[at_once].per_second
        yield _bar(DEPLOYMENT, at_once, faster, f"the throughput of {NEW}", HOSTS_BAR)
    for place in (UP, UP_ON_MONGO):
        for at_once, several in loads[THREE].items():
            pairs = zip(several, loads[place][at_once], strict=True)
            share = p50([one.per_second / other.per_second for one, other in pairs])
            yield _bar(THREE, at_once, share, f"the throughput of {place}", SHARE_BAR)
    for at_once, load in new.items():
        if at_once > FEW:
            kept = load.per_second / new[FEW].per_second
            yield _bar(NEW, at_once, kept, f"the throughput of {FEW}", MANY_BAR)
    for at_once, (drained,) in loads[STARTED_AHEAD].items():
        slower = p50(drained.times) / p50(new[at_once].times)
        yield _bar(STARTED_AHEAD, at_once, slower, f"p50 of {NEW}", DRAINED_BAR, at_least=False)
    ((full,),) = loads[FULL].values()
    soon = p50(full.times)
    yield f"- {FULL}: p50 {soon:.0f} ms (at most {FULL_BAR:.0f}: {verdict(soon, FULL_BAR)})."


def _bar(
    place: str, at_once: int, value: float, of_what: str, bar: float, *, at_least: bool = True
) -> str:
    met = verdict(value, bar, at_least=at_least)
    limit = f"{'at least' if at_least else 'at most'} {bar}"
    return f"- {place}, {at_once} in flight: {value:.2f} of {of_what} ({limit}: {met})."


@contextmanager
def _new_pods() -> Iterator[tuple[Api, Callable[[], object]]]:
    with a_namespace() as namespace, cluster.service(namespace, max_running=SLOTS) as api:
        api.run()
        yield api, lambda: cluster.wait_until_empty(namespace)


@contextmanager
def _pods_ahead() -> Iterator[tuple[Api, Callable[[], object]]]:
    with (
        a_namespace() as namespace,
        cluster.service(namespace, max_running=SLOTS, kubernetes__ahead=f"python={AHEAD}") as api,
    ):
        fill = partial(cluster.wait_until_full, namespace, AHEAD)
        fill()
        api.run()
        yield api, fill


@contextmanager
def _deployment() -> Iterator[Api]:
    with (
        TemporaryDirectory(prefix="podline-benchmark-") as folder,
        node_run(),
        deployed(Path(folder), hosts=Hosts(count=1)) as deployment,
        deployment.api() as client,
    ):
        api = Api(client.url, deployment.key)
        _warm_up(api)
        yield api


@contextmanager
def _here() -> Iterator[tuple[ManyHosts, dict[str, Api]]]:
    """Three hosts, each in a network namespace of its own, and two `podline up`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="podline-benchmark-")))
        sizes = {name: {"PODLINE_MAX_RUNNING": str(slots)} for name, slots in HOSTS.items()}
        hosts = stack.enter_context(ManyHosts(folder, sizes, PODLINE_LOG_LEVEL="warning"))
        mongo_folder = Path(stack.enter_context(TemporaryDirectory(prefix="podline-benchmark-")))
        mongo = MongoServer(mongo_folder)
        mongo.start()
        stack.callback(mongo.kill)
        slots = sum(HOSTS.values())
        _, up = stack.enter_context(running(max_running=slots))
        _, on_mongo = stack.enter_context(
            running(max_running=slots, database_url=mongo.url("podline"))
        )
        apis = {THREE: Api(hosts.url, hosts.key), UP: up, UP_ON_MONGO: on_mongo}
        _warm_up(apis[THREE])
        yield hosts, apis


def _warm_up(api: Api) -> None:
    shared_out(lambda _: api.run(), at_once=FEW, count=2 * WARM_UP)
