"""A host is killed, hangs, is cut off, has a full disk or a wrong clock: nothing is lost."""

import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from app.ports.hosts import HOST_SECONDS
from podline import Execution, Outcome, State
from tests.hosts.conftest import SIZES, SLOTS
from tests.support.many_hosts import SECONDS_TO_START, ManyHosts, SandboxHost
from tests.support.told import WAITS, tell_to_end, told_to_end
from tests.support.waiting import wait_until

SLEEPS = "import time; time.sleep(4); print('done')"
LONG_SECONDS = 600
PROGRAMS = 12

Trouble = Callable[[SandboxHost], AbstractContextManager[None]]


@contextmanager
def killed(host: SandboxHost) -> Iterator[None]:
    host.kill()
    yield
    host.start()


def worker_hangs(host: SandboxHost) -> AbstractContextManager[None]:
    return host.stopped("worker")


def daemon_hangs(host: SandboxHost) -> AbstractContextManager[None]:
    return host.stopped("sandbox")


def both_hang(host: SandboxHost) -> AbstractContextManager[None]:
    return host.stopped("worker", "sandbox")


def cut_off(host: SandboxHost) -> AbstractContextManager[None]:
    return host.cut_off()


SELDOM = [pytest.param(trouble, marks=pytest.mark.soak) for trouble in (killed, both_hang)]
"""`test_one_is_killed_and_one_restarted_under_load` kills one, too, and a host whose worker hangs
is lost in the same way, whether its daemon hangs or not."""


@pytest.mark.parametrize("trouble", [worker_hangs, daemon_hangs, cut_off, *SELDOM])
def test_its_attempts_run_again_elsewhere(service: ManyHosts, trouble: Trouble) -> None:
    """Its programs end there, too, if it lets them, but that counts for nothing."""
    gamma, mark = service.hosts["gamma"], secrets.token_hex()
    limits = {"wall_seconds": LONG_SECONDS}
    ids = service.submitted(WAITS, PROGRAMS, env={"MARK": mark}, limits=limits)
    wait_until(lambda: len(running_on(service, ids, "gamma")) == 3, within=60, or_fail=service.logs)
    lost = running_on(service, ids, "gamma")
    with trouble(gamma):
        wait_until(lambda: "gamma" not in service.shown(), within=60)
        again = ended_when_told(service, lost, mark)
        assert {each.place for each in again} <= {"alpha", "beta"}
        assert {each.attempt for each in again} == {2}
        wait_until(lambda: not any(queue.endswith(".gamma") for queue in service.queues()))
    ended = ended_when_told(service, ids, mark)
    assert_exactly_once(service, ended)
    wait_until(
        lambda: service.shown().keys() == SIZES.keys(),
        within=SECONDS_TO_START,
        or_fail=service.logs,
    )
    nothing_is_left(service)
    assert [service.ended([id])[0].place for id in lost] == [each.place for each in again]


def ended_when_told(service: ManyHosts, ids: list[str], mark: str) -> list[Execution]:
    """Tell programs with the mark to end until these have."""

    def have_ended() -> bool:
        tell_to_end(mark)
        with service.client() as client:
            return all(client.get(id).state.terminal for id in ids)

    wait_until(have_ended, within=120, or_fail=service.logs)
    return service.ended(ids)


def all_running(service: ManyHosts, mark: str) -> list[str]:
    """Have a program run in each slot until it is told to end; return the ids.

    So what a host runs stays the same between a look at it and what happens to it.
    """
    limits = {"wall_seconds": LONG_SECONDS}
    ids = service.submitted(WAITS, SLOTS, env={"MARK": mark}, limits=limits)

    def run() -> bool:
        return all(len(running_on(service, ids, name)) == int(SIZES[name]) for name in SIZES)

    wait_until(run, within=60, or_fail=service.logs)
    return ids


def running_on(service: ManyHosts, ids: list[str], host: str) -> list[str]:
    with service.client() as client:
        found = [client.get(id) for id in ids]
    return [each.id for each in found if (each.state, each.place) == (State.RUNNING, host)]


def assert_exactly_once(service: ManyHosts, ended: list[Execution]) -> None:
    """Each has one result, and one event of its end."""
    for each in ended:
        assert (each.state, each.outcome) == (State.COMPLETED, Outcome.SUCCESS), each.message
        assert each.result is not None
        assert each.result.stdout == "done\n"
    assert service.ends_of([each.id for each in ended]) == {1: len(ended)}


def nothing_is_left(service: ManyHosts) -> None:
    """No slot, no pod, no queue."""
    with service.client() as client:
        wait_until(lambda: client.queue().slots.used == 0, within=60)
    wait_until(lambda: all(p.free == p.slots for p in service.shown().values()), within=60)
    pods = [host.data / "sandbox" / "pods" for host in service.hosts.values()]
    wait_until(lambda: not any(pod for folder in pods for pod in folder.iterdir()), within=60)
    wait_until(lambda: not service.queues(), within=60)  # a message may be on its way
    bindings = service.redis.smembers("_kombu.binding.podline")
    assert not [binding for binding in bindings if any(name in binding for name in SIZES)]


def test_a_full_disk_changes_nothing(service: ManyHosts) -> None:
    """The daemon keeps in memory what it can't write."""
    with full(service.hosts["gamma"]):
        ended = service.ended(service.submitted(SLEEPS, PROGRAMS))
    assert_exactly_once(service, ended)
    assert {each.attempt for each in ended} == {1}
    assert {each.place for each in ended} == set(SIZES)
    nothing_is_left(service)


@contextmanager
def full(host: SandboxHost) -> Iterator[None]:
    """Put a file system without space over the folder of its pods, where the daemon sees it."""
    folder = str(host.data / "sandbox" / "pods")
    in_its_mounts = ["nsenter", "--target", str(host.part("sandbox").pid), "--mount"]
    mount = ["mount", "-t", "tmpfs", "-o", "nr_inodes=1,mode=700", "none", folder]
    subprocess.run([*in_its_mounts, *mount], check=True)
    try:
        yield
    finally:
        subprocess.run([*in_its_mounts, "umount", folder], check=True)


def test_clocks_that_are_an_hour_off_change_nothing(service: ManyHosts, tmp_path: Path) -> None:
    library = tmp_path / "clock_off.so"
    source = Path(__file__).with_name("clock_off.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    off = {"beta": "-3600", "gamma": "3600"}
    hosts = [service.hosts[name] for name in off]
    for host in hosts:
        service.restart(host, LD_PRELOAD=str(library), CLOCK_OFF=off[host.name])
    try:
        before = time.time()
        ended = service.ended(service.submitted(SLEEPS, PROGRAMS))
        assert_exactly_once(service, ended)
        assert {each.attempt for each in ended} == {1}
        assert {each.place for each in ended} >= off.keys()
        for each in ended:
            assert each.started_at is not None
            assert abs(each.started_at.timestamp() - before) < 1800
    finally:
        for host in hosts:
            service.restart(host)


def test_a_rolling_restart_under_load_spends_no_attempt(service: ManyHosts) -> None:
    ids: list[str] = []
    for host in service.hosts.values():
        ids += service.submitted(SLEEPS, 6)
        wait_until(partial(running_on, service, ids, host.name), within=60)
        service.restart(host)
    ended = service.ended(ids)
    assert_exactly_once(service, ended)
    assert {each.attempt for each in ended} == {1}
    nothing_is_left(service)


def test_one_is_killed_and_one_restarted_under_load(service: ManyHosts) -> None:
    beta, gamma = service.hosts["beta"], service.hosts["gamma"]
    mark = secrets.token_hex()
    ids = all_running(service, mark)
    ids += service.submitted(SLEEPS, 18)
    lost = service.killed(beta)
    assert len(lost) == int(SIZES["beta"])
    with told_to_end(mark):
        service.restart(gamma)
        ended = service.ended(ids)
    beta.start()
    assert {each.id: each.attempt for each in ended} == {id: 1 + (id in lost) for id in ids}
    assert_exactly_once(service, ended)
    wait_until(
        lambda: service.shown().keys() == SIZES.keys(),
        within=SECONDS_TO_START,
        or_fail=service.logs,
    )
    nothing_is_left(service)


def test_a_redis_that_hangs_costs_no_attempt(service: ManyHosts) -> None:
    """For longer than after which a silent host is lost: nobody could send a heartbeat."""
    mark = secrets.token_hex()
    ids = all_running(service, mark)
    with service.redis_stopped():
        tell_to_end(mark)
        time.sleep(HOST_SECONDS + 3)
    ended = ended_when_told(service, ids, mark)
    assert_exactly_once(service, ended)
    assert {each.attempt for each in ended} == {1}
    wait_until(lambda: service.shown().keys() == SIZES.keys(), or_fail=service.logs)
    nothing_is_left(service)


def test_a_host_whose_name_was_taken_gives_up(service: ManyHosts) -> None:
    gamma, mark = service.hosts["gamma"], secrets.token_hex()
    ids = all_running(service, mark)
    lost = running_on(service, ids, "gamma")
    with gamma.stopped("supervisor", "worker", "sandbox"), told_to_end(mark):
        wait_until(lambda: "gamma" not in service.shown(), within=60)
        with service.another("gamma") as other:
            wait_until(
                lambda: "gamma" in service.shown(), within=SECONDS_TO_START, or_fail=other.log
            )
            ids += service.submitted(SLEEPS, SLOTS)
            for part in ("sandbox", "worker", "supervisor"):
                gamma.part(part).resume()
            assert gamma.wait() == 1
            assert "another host has the name gamma by now" in gamma.log()
            ended = service.ended(ids)
            assert_exactly_once(service, ended)
            assert {each.id for each in ended if each.attempt > 1} == set(lost)
            other.drain()
            assert other.wait() == 0
    gamma.start()
    wait_until(
        lambda: service.shown().keys() == SIZES.keys(), within=SECONDS_TO_START, or_fail=gamma.log
    )
    nothing_is_left(service)


def test_a_host_with_another_database_does_not_start(service: ManyHosts) -> None:
    wrong = f"{service.environment['PODLINE_DATABASE_URL']}-other"
    with service.another("delta", PODLINE_DATABASE_URL=wrong) as delta:
        assert delta.wait() == 1
        assert "names another database than that of the service" in delta.log()
    assert service.shown().keys() == SIZES.keys()
