"""Hosts that offer different languages: each slot is used by whoever can, and by nobody else."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.errors import RunRefused, RuntimeUnavailable
from app.domain.execution import Execution, State
from app.domain.hosts import Group, HostSize, group_name, groups_of
from app.domain.pod import Pod
from app.domain.policy import DEFAULT_LIMITS
from app.domain.submission import Checker, File
from app.infrastructure.memory.runtime import LANGUAGES, Script
from app.ports.hosts import HOST_SECONDS
from app.service.admission import fill_slots
from app.service.groups import regroup
from app.service.sweep import rebuild_admission, sweep
from tests.support.fleet import Host, Service
from tests.support.twins import make_twins
from tests.support.worker import Worker

LONG = replace(DEFAULT_LIMITS, wall_seconds=3600)
PYTHON = LANGUAGES[0]
CHECKER = Checker(
    language="c",
    language_version="12.2",
    files=(File("main.c", b"int main;"),),
    entrypoint="main.c",
    limits=DEFAULT_LIMITS,
    compile_limits=DEFAULT_LIMITS,
)
OFFERED = [each for each in LANGUAGES if each.name in ("python", "c", "bash")]


@pytest.fixture
def service() -> Service:
    return Service(make_twins())


def with_languages(service: Service, name: str, *offered: str, slots: int = 2) -> Host:
    return service.host(name, slots, [each for each in OFFERED if each.name in offered])


def submitted(service: Service, language: str, count: int = 1) -> list[Execution]:
    version = next(each.version for each in OFFERED if each.name == language)
    facts: dict[str, Any] = {"language": language, "language_version": version, "limits": LONG}
    return [service.twins.submit(**facts) for _ in range(count)]


def run_all(*hosts: Host) -> None:
    for _ in range(len(hosts) + 1):
        for host in hosts:
            host.worker.run_all()


def created(host: Host) -> int:
    return len(host.runtime.created)


class TestGroups:
    def test_hosts_with_the_same_languages_are_one(self) -> None:
        small, large = frozenset(["a-1"]), frozenset(["a-1", "b-1"])
        assert groups_of([size(large, 3), size(small, 1), size(large, 2, draining=True)]) == [
            Group(name=group_name(small), slots=1, languages=small),
            Group(name=group_name(large), slots=5, languages=large),
        ]

    def test_one_in_which_all_drain_has_no_slots(self) -> None:
        (group,) = groups_of([size(frozenset(["a-1"]), 3, draining=True)])
        assert group.slots == 0

    def test_its_name_depends_on_no_order(self) -> None:
        assert group_name(["a-1", "b-1"]) == group_name(["b-1", "a-1"]) != group_name(["a-1"])


def size(languages: frozenset[str], slots: int, *, draining: bool = False) -> HostSize:
    return HostSize(
        slots=slots, draining=draining, group=group_name(languages), languages=languages
    )


def test_programs_for_a_full_group_do_not_fill_the_slots_of_another(service: Service) -> None:
    alpha = with_languages(service, "alpha", "python", slots=3)
    beta = with_languages(service, "beta", "python", "c", slots=1)
    submitted(service, "c", 9)
    rows = submitted(service, "python", 4)
    run_all(alpha, beta)
    assert (created(alpha), created(beta)) == (3, 1)
    assert service.twins.admission.slots_used() == 4
    assert [service.twins.now(row).place for row in rows] == ["alpha"] * 3 + [None]


def test_what_no_host_offers_waits_for_one_that_does(service: Service) -> None:
    alpha = with_languages(service, "alpha", "python")
    (row,) = submitted(service, "c")
    run_all(alpha)
    assert service.twins.now(row).state is State.QUEUED
    beta = with_languages(service, "beta", "c")
    run_all(alpha, beta)
    assert service.twins.now(row).place == "beta"


def test_a_host_that_offers_more_is_used_at_once(service: Service) -> None:
    alpha = with_languages(service, "alpha", "python")
    rows = [*submitted(service, "python"), *submitted(service, "c")]
    run_all(alpha)
    alpha.runtime.offered = [each for each in OFFERED if each.name in ("python", "c")]
    alpha.heart.beat()
    sweep(service.ports)
    run_all(alpha)
    assert [service.twins.now(row).place for row in rows] == ["alpha", "alpha"]
    submitted(service, "c", 3)
    run_all(alpha)
    assert created(alpha) == 2


class TestAdmittedForAGroupThatIsGone:
    @pytest.fixture
    def row(self, service: Service) -> Execution:
        """Admitted for beta, which never takes it."""
        alpha = with_languages(service, "alpha", "python")
        with_languages(service, "beta", "c")
        (row,) = submitted(service, "c")
        run_all(alpha)
        assert service.twins.now(row).state is State.STARTING
        return row

    def lose(self, service: Service, *alive: Host) -> None:
        service.twins.clock.advance(HOST_SECONDS + 0.1)
        for host in alive:
            host.heart.beat()
        sweep(service.ports)

    def test_waits_in_the_queue_and_blocks_nobody(self, service: Service, row: Execution) -> None:
        alpha = with_languages(service, "alpha", "python")
        self.lose(service, alpha)
        assert (service.twins.now(row).state, service.twins.now(row).attempt) == (State.QUEUED, 0)
        assert service.twins.admission.slots_used() == 0
        assert service.twins.pipeline.queues() == set()
        beta = with_languages(service, "beta", "c")
        run_all(alpha, beta)
        assert service.twins.now(row).place == "beta"

    def test_goes_to_another_that_offers_it(self, service: Service, row: Execution) -> None:
        gamma = with_languages(service, "gamma", "c", "python", slots=1)
        self.lose(service, gamma)
        run_all(gamma)
        assert (service.twins.now(row).place, service.twins.now(row).attempt) == ("gamma", 1)
        submitted(service, "python")
        run_all(gamma)
        assert service.twins.admission.slots_used() == 1

    def test_goes_there_if_all_of_its_hosts_drain(self, service: Service, row: Execution) -> None:
        beta = with_languages(service, "beta", "c")
        beta.bays.draining = True
        gamma = with_languages(service, "gamma", "c", "python")
        service.twins.clock.advance(60)
        for host in (beta, gamma):
            host.heart.beat()
        sweep(service.ports)
        run_all(gamma)
        assert service.twins.now(row).place == "gamma"
        beta.heart.end()
        assert service.twins.pipeline.queues() == set()


def test_an_attempt_leaves_a_host_that_can_create_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is the only one of its group, and has free slots."""
    alpha = with_languages(service, "alpha", "python")
    beta = with_languages(service, "beta", "python", "c")
    (row,) = submitted(service, "python")
    monkeypatch.setattr(alpha.runtime, "create", fails)
    run_all(alpha, beta)
    assert alpha.bays.paused
    assert (service.twins.now(row).place, service.twins.now(row).attempt) == ("beta", 1)


def fails(_: Pod) -> None:
    raise RuntimeUnavailable("no space left on device")


def test_the_slots_of_a_host_that_drains_are_those_of_its_programs(service: Service) -> None:
    alpha, beta = service.host("alpha", 3), service.host("beta", 2)
    submitted(service, "python", 9)
    run_all(alpha, beta)
    alpha.bays.draining = True
    alpha.heart.beat()
    assert service.hosts.sizes()["alpha"].slots == 3
    beta.end(beta.runtime.created[0])
    run_all(alpha, beta)
    assert created(beta) == 3, "a free slot is used, although alpha still holds three"
    alpha.end(alpha.runtime.created[0])
    alpha.heart.beat()
    run_all(alpha, beta)
    assert service.hosts.sizes()["alpha"].slots == 2
    assert (created(alpha), created(beta)) == (3, 3)


def test_a_rebuilt_queue_knows_the_groups_of_what_runs(service: Service) -> None:
    alpha = with_languages(service, "alpha", "python", slots=2)
    beta = with_languages(service, "beta", "python", "c", slots=2)
    submitted(service, "python", 3)
    run_all(alpha, beta)
    rebuild_admission(service.ports)
    submitted(service, "c", 4)
    run_all(alpha, beta)
    assert created(beta) == 1, "nobody knows yet whose the slots are"
    regroup(service.ports, service.ports.fleet)  # type: ignore[arg-type]  # this service has hosts
    fill_slots(service.ports)
    run_all(alpha, beta)
    assert (created(alpha), created(beta)) == (2, 2)


class TestCheckers:
    def test_a_program_runs_where_its_checker_can(self, service: Service) -> None:
        alpha = with_languages(service, "alpha", "python", slots=3)
        beta = with_languages(service, "beta", "python", "c", slots=2)
        for host in (alpha, beta):
            host.runtime.script = lambda _: Script()
        rows = [service.twins.submit(checker=CHECKER, limits=LONG) for _ in range(5)]
        for _ in rows:
            run_all(alpha, beta)
            beta.bays.free = beta.bays.total
        assert [service.twins.now(row).state for row in rows] == [State.COMPLETED] * 5
        assert [service.twins.now(row).place for row in rows] == ["beta"] * 5
        assert created(alpha) == 0

    def test_it_waits_for_a_host_with_both(self, service: Service) -> None:
        alpha = with_languages(service, "alpha", "python")
        beta = with_languages(service, "beta", "c")
        row = service.twins.submit(checker=CHECKER, limits=LONG)
        rebuild_admission(service.ports)
        run_all(alpha, beta)
        assert (service.twins.now(row).state, service.twins.now(row).attempt) == (State.QUEUED, 0)
        gamma = with_languages(service, "gamma", "python", "c")
        run_all(alpha, beta, gamma)
        assert service.twins.now(row).place == "gamma"

    def test_a_host_that_lost_its_language_meanwhile_ends_no_execution(
        self, service: Service
    ) -> None:
        """The program has run by then, so an attempt is spent."""
        alpha = with_languages(service, "alpha", "python", "c")
        row = service.twins.submit(checker=CHECKER, limits=LONG)
        run_all(alpha)
        offer(alpha, "python")
        alpha.end(service.twins.now(row).pod)
        run_all(alpha)
        assert service.twins.now(row).state is State.QUEUED
        assert "c 12.2 is not available here" in (service.twins.now(row).message or "")
        offer(alpha, "python", "c")
        alpha.bays.free = alpha.bays.total
        service.twins.clock.advance(60)
        alpha.heart.beat()
        sweep(service.ports)
        run_all(alpha)
        assert service.twins.now(row).state is State.RUNNING

    def test_without_hosts_its_refusal_is_final(self) -> None:
        twins = make_twins()
        row = twins.submit(checker=CHECKER)
        twins.runtime.offered = [each for each in OFFERED if each.name == "python"]
        Worker(twins.ports).run_all()
        assert twins.now(row).state is State.FAILED


class TestAnotherVersion:
    """What was accepted for python 3.11 also runs with 3.11.2."""

    def test_runs_what_waits_for_the_one_that_is_gone(self, service: Service) -> None:
        alpha = with_languages(service, "alpha", "python", slots=1)
        rows = submitted(service, "python", 3)
        run_all(alpha)
        alpha.runtime.offered = [replace(PYTHON, version="3.11.2")]
        alpha.heart.beat()
        sweep(service.ports)
        for row in rows:
            run_all(alpha)
            assert (service.twins.now(row).place, service.twins.now(row).attempt) == ("alpha", 1)
            alpha.end(service.twins.now(row).pod)

    def test_does_not_while_a_host_has_the_very_version(self, service: Service) -> None:
        newer = service.host("newer", 2, [replace(PYTHON, version="3.11.2")])
        alpha = with_languages(service, "alpha", "python", slots=1)
        rows = submitted(service, "python", 2)
        run_all(newer, alpha)
        assert [service.twins.now(row).place for row in rows] == ["alpha", None]
        alpha.bays.draining = True
        alpha.heart.beat()
        sweep(service.ports)
        run_all(newer)
        assert [service.twins.now(row).place for row in rows] == ["alpha", "newer"]

    def test_of_another_series_does_not(self, service: Service) -> None:
        alpha = service.host("alpha", 2, [replace(PYTHON, version="3.12.2")])
        (row,) = submitted(service, "python")
        run_all(alpha)
        assert service.twins.now(row).state is State.QUEUED

    def test_takes_over_what_was_admitted_for_a_host_that_is_gone(self, service: Service) -> None:
        alpha = with_languages(service, "alpha", "c")
        beta = with_languages(service, "beta", "python")
        (row,) = submitted(service, "python")
        run_all(alpha)
        assert service.twins.now(row).state is State.STARTING
        beta.runtime.offered = [replace(PYTHON, version="3.11.2")]
        beta.heart.beat()
        sweep(service.ports)
        run_all(alpha, beta)
        assert (service.twins.now(row).place, service.twins.now(row).attempt) == ("beta", 1)


class TestADaemonThatWasRestartedWithOtherLanguages:
    """And takes what waits, before the next heartbeat."""

    def test_gives_the_attempt_back_unspent(self, service: Service) -> None:
        alpha = with_languages(service, "alpha", "python", "c")
        rows = submitted(service, "c", 2)
        offer(alpha, "python")
        run_all(alpha)
        for row in rows:
            assert (service.twins.now(row).state, service.twins.now(row).attempt) == (
                State.QUEUED,
                0,
            )
        assert service.twins.admission.slots_used() == 0
        assert service.twins.pipeline.queues() == set()
        alpha.bays.free = alpha.bays.total
        (other,) = submitted(service, "python")
        run_all(alpha)
        assert service.twins.now(other).state is State.RUNNING
        offer(alpha, "python", "c")
        alpha.heart.beat()
        sweep(service.ports)
        run_all(alpha)
        assert {service.twins.now(row).place for row in rows} == {"alpha", None}

    def test_leaves_it_to_another_host(self, service: Service) -> None:
        alpha = with_languages(service, "alpha", "python", "c")
        beta = with_languages(service, "beta", "python", "c")
        (row,) = submitted(service, "c")
        offer(alpha, "python")
        run_all(alpha, beta)
        assert (service.twins.now(row).place, service.twins.now(row).attempt) == ("beta", 1)
        assert created(alpha) == 0

    def test_leaves_it_alone_if_another_host_has_its_name(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alpha = with_languages(service, "alpha", "python")
        (row,) = submitted(service, "python")

        def refuses(_: Pod) -> None:
            service.twins.clock.advance(HOST_SECONDS + 0.1)
            with_languages(service, "alpha", "python", "c")
            offer(alpha, "c")
            raise RunRefused("the language is not available here")

        monkeypatch.setattr(alpha.runtime, "create", refuses)
        run_all(alpha)
        assert (service.twins.now(row).state, service.twins.now(row).place) == (
            State.STARTING,
            "alpha",
        )

    def test_what_it_refuses_for_another_reason_fails(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alpha = with_languages(service, "alpha", "python")
        (row,) = submitted(service, "python")

        def refuses(_: Pod) -> None:
            raise RunRefused("the input is too large")

        monkeypatch.setattr(alpha.runtime, "create", refuses)
        run_all(alpha)
        assert service.twins.now(row).state is State.FAILED


def offer(host: Host, *names: str) -> None:
    """Its daemon offers these from now on; its heartbeat doesn't say so yet."""
    host.runtime.offered = [each for each in OFFERED if each.name in names]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.sampled_from([each.name for each in OFFERED])),
        st.tuples(st.sampled_from(["end", "drain", "lose", "come"]), st.integers(0, 3)),
    ),
    max_size=12,
)
HOSTS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sets(st.sampled_from([each.name for each in OFFERED]), min_size=1),
    ),
    min_size=4,
    max_size=4,
)


class Life:
    """Hosts come and go, and programs are submitted and end."""

    def __init__(self, hosts: list[tuple[int, set[str]]]) -> None:
        self.service = Service(make_twins())
        self.sizes = hosts
        self.hosts: dict[int, Host] = {}
        self.rows: list[Execution] = []
        self.smaller = set[str | None]()
        """Groups that have lost hosts. What was admitted before may wait there."""

    def act(self, action: str, which: str | int) -> None:
        if isinstance(which, str):
            self.rows += submitted(self.service, which)
        elif action == "come":
            self.come(which)
        elif host := self.hosts.get(which):
            self.change(action, which, host)
        self.settle()

    def come(self, number: int) -> None:
        if number not in self.hosts:
            slots, offered = self.sizes[number]
            self.hosts[number] = with_languages(
                self.service, f"host-{number}", *offered, slots=slots
            )

    def change(self, action: str, number: int, host: Host) -> None:
        if action == "end":
            for row in self.rows:
                row = self.service.twins.now(row)
                if (row.state, row.place) == (State.RUNNING, host.name):
                    host.end(row.pod)
                    return
            return
        self.smaller.add(host.size.group)
        if action == "drain":
            host.bays.draining = True
        else:
            del self.hosts[number]

    def settle(self) -> None:
        """Until heartbeats, the sweep and all messages have done their part."""
        for _ in range(2):
            self.service.twins.clock.advance(HOST_SECONDS / 2 + 0.1)
            for host in self.hosts.values():
                host.heart.beat()
            sweep(self.service.ports)
            run_all(*self.hosts.values())
            for host in self.hosts.values():
                host.bays.free = host.bays.total - len(host.runtime.list_pods())

    def check(self) -> None:
        rows = list(map(self.service.twins.now, self.rows))
        in_queue = self.service.twins.admission.queue_position
        waiting = {row.languages for row in rows if row.state is State.QUEUED and in_queue(row.id)}
        for host in self.hosts.values():
            assert not host.bays.free or host.bays.draining or not waiting & host.size.languages
        assert self.service.twins.admission.slots_used() == sum(r.state.holds_slot for r in rows)
        for row in rows:
            assert row.state in (State.QUEUED, State.RUNNING, State.COMPLETED) or (
                row.state in (State.STARTING, self.admitted)
                and self.service.twins.admission.group(row.id) in self.smaller
            )

    @property
    def admitted(self) -> State | None:
        """Where an attempt stays if no host, and so no worker, is left to do the next step."""
        return None if self.hosts else State.ADMITTED


@given(HOSTS, ACTIONS)
@example([(1, {"python"})] * 4, [("submit", "python"), ("lose", 0), ("lose", 1)])
def test_a_slot_is_free_only_if_nobody_who_waits_can_use_it(
    hosts: list[tuple[int, set[str]]], actions: list[tuple[str, str | int]]
) -> None:
    """And whoever is admitted has a slot: it runs."""
    life = Life(hosts)
    for number in range(2):
        life.come(number)
    for action, which in actions:
        life.act(action, which)
        life.check()
