"""Programs run on several hosts: where, and what becomes of them when a host is gone."""

from dataclasses import replace
from typing import NoReturn

import pytest

from app.domain.chain import POLL, SWEEP
from app.domain.dead_letter import DeadLetterStatus
from app.domain.errors import CoordinationUnavailable, RunRefused, RuntimeUnavailable
from app.domain.execution import SECOND, Execution, Outcome, State, pod_name
from app.domain.hosts import languages_of, limits_of, pods_of, queue_at, queues_of
from app.domain.language import HeldLimit, Holder, LimitName
from app.domain.pod import Pod
from app.infrastructure.hosts_runtime import HostsRuntime
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.leases import MemoryLeases
from app.infrastructure.memory.runtime import LANGUAGES, Script
from app.infrastructure.memory.store import MemoryStore
from app.ports import Fleet
from app.ports.hosts import HOST_SECONDS
from app.service.cancel import cancel
from app.service.dead_letter_retries import retry_letter
from app.service.dead_letters import record_task_error
from app.service.hosts import has_another_database, host_of
from app.service.slots import total_slots
from app.service.steps import run_tick
from app.service.sweep import QUEUES_SECONDS, remove_orphans, sweep
from app.service.upgrade import upgrade
from tests.support.fleet import Host, Service
from tests.support.twins import make_twins
from tests.support.worker import Worker


@pytest.fixture
def service() -> Service:
    return Service(make_twins(max_running=1))


def submitted(service: Service, count: int = 1) -> list[Execution]:
    return [service.twins.submit() for _ in range(count)]


def now(service: Service, row: Execution) -> Execution:
    return service.twins.now(row)


def queue_of_group(host: Host) -> str:
    return pods_of(host.size.group)


def run_all(*hosts: Host) -> None:
    for _ in range(10):
        for host in hosts:
            host.worker.run_all()


def time_passes(service: Service, *alive: Host) -> None:
    """Let all hosts but these be silent for too long."""
    service.twins.clock.advance(HOST_SECONDS + 0.1)
    for host in alive:
        host.heart.beat()
    sweep(service.ports)


class TestPlaces:
    def test_the_creator_writes_the_place(self, service: Service) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        row = now(service, row)
        assert (row.place, row.state) == ("alpha", State.RUNNING)
        assert alpha.runtime.created == [row.pod]

    def test_steps_go_to_the_host_of_the_attempt(self, service: Service) -> None:
        alpha, beta = service.host("alpha", slots=1), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        service.twins.pipeline.start(row.id, State.RUNNING, now(service, row).place)
        assert service.twins.pipeline.queues() == {"monitor.alpha"}
        beta.worker.run_all()
        assert service.twins.pipeline.queues() == {"monitor.alpha"}
        alpha.end(now(service, row).pod)
        alpha.worker.run_all()
        assert now(service, row).outcome is Outcome.SUCCESS

    def test_another_host_touches_nothing_of_it(self, service: Service) -> None:
        alpha, beta = service.host("alpha", slots=1), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        before = now(service, row)
        for state in (State.STARTING, State.RUNNING, State.FINISHED):
            service.twins.pipeline.start(row.id, state)
        Worker(beta.ports).run_all()
        Worker(service.ports).run_all()
        assert now(service, row) == before
        assert beta.runtime.created == []

    def test_a_process_beside_no_host_places_nothing(self, service: Service) -> None:
        service.host("alpha")
        (row,) = submitted(service)
        Worker(service.ports).run_all()
        assert now(service, row).state is State.STARTING
        assert now(service, row).place is None

    def test_a_host_that_can_create_nothing_gives_the_attempt_to_another(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        monkeypatch.setattr(alpha.runtime, "create", fails)
        (row,) = submitted(service)
        alpha.worker.run_all()
        assert alpha.bays.paused
        assert now(service, row).place is None
        assert now(service, row).tries == {}
        beta.worker.run_all()
        row = now(service, row)
        assert (row.place, row.attempt) == ("beta", 1)


def without_redis() -> NoReturn:
    raise CoordinationUnavailable("Redis does not answer")


def fails(_: Pod) -> None:
    raise RuntimeUnavailable("no space left on device")


class TestBays:
    def test_a_host_without_a_free_bay_takes_nothing(self, service: Service) -> None:
        alpha, beta = service.host("alpha", slots=1), service.host("beta", slots=3)
        rows = submitted(service, 6)
        run_all(alpha, beta)
        assert len(alpha.runtime.created) == 1
        assert len(beta.runtime.created) == 3
        assert sum(now(service, row).state is State.QUEUED for row in rows) == 2

    def test_one_owner_can_be_held_to_fewer_than_there_are(self) -> None:
        service = Service(make_twins(max_running=1, max_running_per_owner=2))
        hosts = [service.host("alpha", slots=1), service.host("beta", slots=3)]
        submitted(service, 6)
        run_all(*hosts)
        assert sum(len(host.runtime.created) for host in hosts) == 2

    def test_a_bay_that_is_free_again_is_used_by_whoever_waits(self, service: Service) -> None:
        alpha, beta = service.host("alpha", slots=1), service.host("beta", slots=1)
        submitted(service, 3)
        run_all(alpha, beta)
        beta.end(beta.runtime.created[0])
        run_all(alpha, beta)
        assert (len(alpha.runtime.created), len(beta.runtime.created)) == (1, 2)

    def test_admission_counts_the_slots_of_living_hosts(self, service: Service) -> None:
        assert total_slots(service.ports) == 0
        alpha, beta = service.host("alpha", slots=1), service.host("beta", slots=3)
        assert total_slots(service.ports) == 4
        beta.bays.draining = True
        beta.heart.beat()
        assert total_slots(service.ports) == 1
        time_passes(service, alpha)
        assert total_slots(service.ports) == 1

    def test_a_host_that_comes_runs_what_waits(self, service: Service) -> None:
        (row,) = submitted(service)
        Worker(service.ports).run_all()
        assert now(service, row).state is State.QUEUED
        alpha = service.host("alpha")
        alpha.worker.run_all()
        assert now(service, row).place == "alpha"


class TestLanguages:
    @pytest.fixture
    def hosts(self, service: Service) -> tuple[Host, Host]:
        """Only the second one offers C."""
        python, c = (next(lg for lg in LANGUAGES if lg.name == name) for name in ("python", "c"))
        alpha, beta = service.host("alpha", slots=5), service.host("beta", slots=2)
        alpha.runtime.offered, beta.runtime.offered = [python], [python, c]
        for host in (alpha, beta):
            host.heart.beat()
        return alpha, beta

    def test_a_language_that_only_some_offer_runs_there(
        self, service: Service, hosts: tuple[Host, Host]
    ) -> None:
        alpha, beta = hosts
        row = service.twins.submit(language="c", language_version="12.2")
        alpha.worker.run_all()
        assert service.twins.pipeline.queues() == {queue_of_group(beta)}
        assert now(service, row).place is None
        beta.worker.run_all()
        assert now(service, row).place == "beta"

    def test_others_run_anywhere(self, service: Service, hosts: tuple[Host, Host]) -> None:
        alpha, beta = hosts
        submitted(service, 7)
        run_all(beta, alpha)
        assert (len(alpha.runtime.created), len(beta.runtime.created)) == (5, 2)

    def test_a_host_that_can_not_run_it_passes_it_on(
        self, service: Service, hosts: tuple[Host, Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It waited in the queue of all hosts while all offered its language."""
        alpha, beta = hosts
        row = service.twins.submit(language="c", language_version="12.2")
        Worker(service.ports, serves=lambda queue: not queue.startswith("pods")).run_all()
        while service.twins.pipeline.take():
            pass
        service.twins.pipeline.start(row.id, State.STARTING)
        monkeypatch.setattr(alpha.runtime, "create", refuses)
        alpha.worker.run_all()
        assert not alpha.bays.paused
        assert service.twins.pipeline.queues() == {queue_of_group(beta)}
        beta.worker.run_all()
        assert (now(service, row).place, now(service, row).attempt) == ("beta", 1)

    def test_one_that_nobody_can_run_fails(
        self, service: Service, hosts: tuple[Host, Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alpha, _ = hosts
        monkeypatch.setattr(alpha.runtime, "create", refuses)
        (row,) = submitted(service)
        alpha.worker.run_all()
        assert now(service, row).state is State.FAILED

    def test_the_sweep_knows_the_group_too(
        self, service: Service, hosts: tuple[Host, Host]
    ) -> None:
        alpha, beta = hosts
        service.twins.submit(language="c", language_version="12.2")
        alpha.worker.run_all()
        beta.worker.drop_messages()
        service.twins.pipeline.take()
        service.twins.clock.advance(60)
        for host in hosts:
            host.heart.beat()
        sweep(service.ports)
        assert service.twins.pipeline.queues() == {queue_of_group(beta)}


def refuses(_: Pod) -> None:
    raise RunRefused("the language is not available here")


def test_waiting_for_a_bay_costs_no_attempt(service: Service) -> None:
    alpha = service.host("alpha")
    (row,) = submitted(service)
    Worker(service.ports, serves=lambda queue: queue != "pods").run_all()
    service.twins.clock.advance(3600)
    alpha.heart.beat()
    sweep(service.ports)
    alpha.worker.run_all()
    assert (now(service, row).place, now(service, row).attempt) == ("alpha", 1)


class TestLostHosts:
    def test_its_attempts_run_again_elsewhere(self, service: Service) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        time_passes(service, beta)
        assert now(service, row).state is State.QUEUED
        assert now(service, row).message == "the host alpha is gone"
        service.twins.clock.advance(60)
        beta.heart.beat()
        sweep(service.ports)
        beta.worker.run_all()
        row = now(service, row)
        assert (row.place, row.attempt) == ("beta", 2)
        beta.end(row.pod)
        beta.worker.run_all()
        assert now(service, row).state is State.COMPLETED
        assert service.twins.admission.slots_used() == 0

    def test_a_host_that_is_silent_for_a_moment_keeps_its_attempts(self, service: Service) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        service.twins.clock.advance(HOST_SECONDS)
        sweep(service.ports)
        assert now(service, row).state is State.RUNNING

    def test_a_host_that_can_send_no_heartbeat_keeps_its_pods(self, service: Service) -> None:
        """Until its attempts were given to others: Redis may be unavailable for everybody."""
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        service.twins.clock.advance(60)
        alpha.heart.search()
        assert alpha.runtime.list_pods() == [now(service, row).pod]
        service.twins.pipeline.start(row.id, State.RUNNING, "alpha")
        alpha.worker.run_all()
        assert now(service, row).state is State.RUNNING

    def test_what_comes_back_counts_for_nothing(self, service: Service) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        first = now(service, row).pod
        time_passes(service, beta)
        service.twins.clock.advance(60)
        beta.heart.beat()
        sweep(service.ports)
        beta.worker.run_all()
        alpha.heart.beat()
        alpha.end(first)
        alpha.worker.run_all()
        assert now(service, row).state is State.RUNNING
        assert now(service, row).place == "beta"
        alpha.heart.search()
        assert alpha.runtime.list_pods() == []
        assert beta.runtime.list_pods() == [pod_name(row.id, 2)]

    def test_one_whose_name_was_taken_touches_nothing_and_gives_up(self, service: Service) -> None:
        alpha, gamma = service.host("alpha"), service.host("gamma")
        (row,) = submitted(service)
        alpha.worker.run_all()
        assert now(service, row).place == "alpha"
        time_passes(service, gamma)
        other = service.host("alpha")
        service.twins.clock.advance(60)
        for host in (other, gamma):
            host.heart.beat()
        sweep(service.ports)
        other.worker.run_all()
        row = now(service, row)
        assert (row.place, row.attempt) == ("alpha", 2)
        # It continues before its next heartbeat, and takes a message that is for the other one.
        service.twins.pipeline.start(row.id, State.RUNNING, "alpha")
        alpha.worker.run_all()
        assert now(service, row) == row
        assert service.twins.pipeline.queues() == set()
        assert other.runtime.list_pods() == [row.pod]
        assert not alpha.gave_up
        alpha.heart.beat()
        assert alpha.gave_up
        alpha.bays.draining = True
        alpha.heart.end()
        assert service.hosts.sizes().keys() == {"alpha", "gamma"}
        assert not other.gave_up

    def test_its_queues_are_removed(self, service: Service) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        service.twins.pipeline.start(row.id, State.RUNNING, "alpha")
        time_passes(service, beta)
        assert service.twins.pipeline.queues() & set(queues_of("alpha")) == set()
        assert service.hosts.lost() == {}

    def test_all_of_its_attempts_end_although_a_tick_takes_a_slice(self, service: Service) -> None:
        alpha, beta = service.host("alpha", slots=300), service.host("beta", slots=1)
        rows = submitted(service, 250)
        alpha.worker.run_all()
        time_passes(service, beta)
        assert service.hosts.lost().keys() == {"alpha"}
        sweep(service.ports)
        assert service.hosts.lost() == {}
        assert all(now(service, row).state is State.QUEUED for row in rows)

    def test_a_host_that_redis_has_forgotten_is_expected_first(self, service: Service) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        service.hosts.remove("alpha")
        service.twins.clock.advance(60)
        sweep(service.ports)
        assert now(service, row).state is State.RUNNING
        assert service.hosts.lost() == {}
        service.twins.clock.advance(HOST_SECONDS + 0.1)
        sweep(service.ports)
        assert now(service, row).state is State.QUEUED


class TestWithoutTheStore:
    """A host still reaches Redis, but no longer the store."""

    def test_it_takes_nothing(self, service: Service) -> None:
        alpha, beta = service.host("alpha", slots=3), service.host("beta", slots=3)
        alpha.reaches_store = False
        alpha.heart.beat()
        assert [host.free for host in service.hosts.alive()] == [0, 3]
        (row,) = in_the_queue_of_pods(service)
        alpha.worker.run_all()
        beta.worker.run_all()
        assert now(service, row).place == "beta"

    def test_one_that_has_not_noticed_yet_takes_one_more(self, service: Service) -> None:
        alpha = service.host("alpha", slots=1)
        (row,) = in_the_queue_of_pods(service)
        alpha.reaches_store = False
        alpha.worker.run_all()
        assert service.twins.pipeline.queues() == set()
        alpha.bays.end_one()
        service.twins.pipeline.start(row.id, State.STARTING)
        alpha.worker.run_all()
        assert service.twins.pipeline.queues() == {"pods"}
        assert now(service, row).tries == {}

    def test_its_attempts_run_elsewhere_if_only_this_host_is_cut_off(
        self, service: Service
    ) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        alpha.reaches_store = False
        for _ in range(3):
            sweep_tick(service, alpha, beta)
        assert service.hosts.sizes().keys() == {"alpha", "beta"}
        for _ in range(2):
            sweep_tick(service, alpha, beta)
        assert service.hosts.sizes().keys() == {"beta"}
        assert (now(service, row).state, now(service, row).attempt) == (State.QUEUED, 1)
        alpha.reaches_store = True
        alpha.heart.beat()
        assert service.hosts.sizes().keys() == {"alpha", "beta"}

    def test_nothing_is_spent_if_everybody_is(self, service: Service) -> None:
        hosts = [service.host("alpha"), service.host("beta")]
        rows = submitted(service, 4)
        run_all(*hosts)
        sweep_tick(service, *hosts)
        for host in hosts:
            host.reaches_store = False
            host.heart.beat()
        sweep_tick(service, *hosts)  # It ended just after that.
        for _ in range(20):
            service.twins.clock.advance(HOST_SECONDS / 2)
            for host in hosts:
                host.heart.beat()
        sweep(service.ports)  # The service has the store back first.
        assert [now(service, row).state for row in rows] == [State.RUNNING] * 4

    def test_an_outage_that_is_over_does_not_count(self, service: Service) -> None:
        alpha = service.host("alpha")
        for _ in range(4):
            alpha.reaches_store = False
            sweep_tick(service, alpha)
            sweep_tick(service, alpha)
            assert service.hosts.sizes().keys() == {"alpha"}
            alpha.reaches_store = True
            alpha.heart.beat()


def in_the_queue_of_pods(service: Service, count: int = 1) -> list[Execution]:
    """Executions whose pods any host may create."""
    rows = submitted(service, count)
    Worker(service.ports).run_all()
    for row in rows:
        service.twins.pipeline.start(row.id, State.STARTING)
    return rows


def sweep_tick(service: Service, *hosts: Host) -> None:
    """The hosts send heartbeats, and beat's next sweep ends."""
    service.twins.clock.advance(HOST_SECONDS / 2 + 0.1)
    for host in hosts:
        host.heart.beat()
    run_tick(lambda: service.ports, SWEEP, sweep, every_seconds=5)


class TestCleaningUp:
    def test_a_cancelled_pod_is_deleted_on_its_host(self, service: Service) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        cancel(service.ports, now(service, row))
        assert service.twins.pipeline.queues() == {"results.alpha"}
        alpha.worker.run_all()
        assert alpha.runtime.list_pods() == []
        assert now(service, row).next_action_at is None
        assert service.twins.admission.slots_used() == 0

    def test_whoever_has_the_message_passes_it_on(self, service: Service) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        row = now(service, row)
        cancel(service.ports, replace(row, place=None))
        assert service.twins.pipeline.queues() == {"saga"}
        Worker(service.ports, serves=lambda queue: queue == "saga").run_all()
        assert service.twins.pipeline.queues() == {"results.alpha"}
        assert now(service, row).next_action_at is not None

    def test_nobody_waits_for_a_host_that_is_gone(self, service: Service) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        cancel(service.ports, now(service, row))
        time_passes(service)
        service.twins.clock.advance(60)
        sweep(service.ports)
        Worker(service.ports).run_all()
        assert now(service, row).next_action_at is None
        assert service.twins.admission.slots_used() == 0

    def test_one_that_was_queued_again_needs_no_host_that_is_gone(self, service: Service) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        time_passes(service, beta)
        assert (now(service, row).state, now(service, row).place) == (State.QUEUED, "alpha")
        cancel(service.ports, now(service, row))
        assert service.twins.pipeline.queues() == {"saga"}
        beta.worker.run_all()
        assert now(service, row).next_action_at is None

    def test_without_redis_it_is_left_to_the_sweep(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        monkeypatch.setattr(service.hosts, "sizes", without_redis)
        assert cancel(service.ports, now(service, row)).state is State.CANCELLED
        assert service.twins.pipeline.queues() == set()

    def test_a_step_on_a_host_that_is_gone_is_not_retried_there(self, service: Service) -> None:
        alpha = service.host("alpha")
        (row,) = submitted(service)
        alpha.worker.run_all()
        record_task_error(service.ports, POLL, row.id, "KeyError: 'x'")
        (letter,) = service.twins.store.dead_letters.page(None, None, None, 9)
        retry_letter(service.ports, letter.id)
        assert service.twins.pipeline.queues() == {"monitor.alpha"}
        service.hosts.remove("alpha")
        alpha.worker.drop_messages()
        assert retry_letter(service.ports, letter.id).status is DeadLetterStatus.RETRYING
        assert service.twins.pipeline.queues() == set()

    def test_queues_to_which_somebody_published_too_late_are_removed(
        self, service: Service
    ) -> None:
        clock = service.twins.clock
        ports = replace(service.ports, leases=MemoryLeases(lambda: clock() / SECOND))
        alpha = service.host("alpha")
        for _ in range(2):
            service.twins.pipeline.start("01J", State.CANCELLED, "beta")
            service.twins.pipeline.start("01K", State.STARTING, group="gone")
            service.twins.pipeline.start("01L", State.CANCELLED, "alpha")
            sweep(ports)
            assert len(service.twins.pipeline.queues()) == 3, "these are new"
            clock.advance(QUEUES_SECONDS)
            alpha.heart.beat()
            sweep(ports)
            assert service.twins.pipeline.queues() == {"results.alpha"}
            clock.advance(QUEUES_SECONDS)
            alpha.heart.beat()

    def test_an_attempt_that_ended_before_it_was_placed_has_no_pod(self, service: Service) -> None:
        service.host("alpha")
        (row,) = submitted(service)
        Worker(service.ports).run_all()
        cancel(service.ports, now(service, row))
        Worker(service.ports).run_all()
        assert now(service, row).next_action_at is None

    def test_only_the_host_of_an_attempt_keeps_its_pod(self, service: Service) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        (row,) = submitted(service)
        alpha.worker.run_all()
        beta.runtime.create(alpha.runtime._pods[now(service, row).pod].pod)
        remove_orphans(beta.ports)
        remove_orphans(alpha.ports)
        assert beta.runtime.list_pods() == []
        assert alpha.runtime.list_pods() == [now(service, row).pod]


class TestUnion:
    def test_all_languages_of_living_hosts_are_offered(self, service: Service) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        python, *others = LANGUAGES
        alpha.runtime.offered, beta.runtime.offered = [python], others
        for host in (alpha, beta):
            host.heart.beat()
        runtime = HostsRuntime(service.hosts)
        assert runtime.languages() == [python, *others]
        service.twins.clock.advance(HOST_SECONDS + 1)
        alpha.heart.beat()
        assert runtime.languages() == [python]

    def test_what_two_hosts_offer_is_what_each_of_them_can_do(self, service: Service) -> None:
        python = LANGUAGES[0]
        alpha, beta = service.host("alpha"), service.host("beta")
        alpha.runtime.offered = [
            replace(python, accepts={"memory_mib": 512}, packages={"a": "1", "b": "1"}, max_runs=3)
        ]
        beta.runtime.offered = [
            replace(
                python,
                accepts={"memory_mib": 256, "disk_mib": 9},
                needs={"memory_mib": 64},
                packages={"a": "1", "b": "2"},
                keeps_artifacts=False,
            )
        ]
        for host in (alpha, beta):
            host.heart.beat()
        (both,) = languages_of(service.hosts.alive())
        assert both == replace(
            python,
            accepts={"memory_mib": 256, "disk_mib": 9},
            needs={"memory_mib": 64},
            packages={"a": "1"},
            max_runs=3,
            keeps_artifacts=False,
        )

    def test_a_limit_is_held_as_on_the_host_that_holds_it_least(self, service: Service) -> None:
        alpha, beta = service.host("alpha"), service.host("beta")
        cpu = HeldLimit(limit=LimitName.CPU, by=Holder.NOBODY, how="nothing held it")
        beta.runtime.held = [cpu, *alpha.runtime.held[2:]]
        alpha.runtime.held[0] = replace(alpha.runtime.held[0], by=Holder.KERNEL)
        for host in (alpha, beta):
            host.heart.beat()
        held = {each.limit: each.by for each in limits_of(service.hosts.alive())}
        assert held[LimitName.CPU] is Holder.NOBODY
        assert held[LimitName.WALL] is Holder.KERNEL
        assert len(held) == len(LimitName)


def test_a_host_whose_daemon_does_not_answer_sends_no_heartbeat(service: Service) -> None:
    alpha = service.host("alpha")
    alpha.runtime.unavailable = True
    service.twins.clock.advance(HOST_SECONDS + 0.1)
    alpha.heart.beat()
    assert service.hosts.alive() == []


def test_a_host_that_has_drained_leaves_nothing_behind(service: Service) -> None:
    alpha = service.host("alpha")
    alpha.heart.end()
    assert service.hosts.sizes().keys() == {"alpha"}, "it may come back"
    alpha.heart.beat()
    alpha.bays.draining = True
    alpha.heart.end()
    assert service.hosts.sizes() == {}
    assert service.hosts.lost() == {}


@pytest.mark.parametrize("place", ["pod/a-1", "01m8kz2b980k0htr2httkj8cm0-1", "node-1"])
def test_a_place_is_a_host_only_where_there_are_hosts(service: Service, place: str) -> None:
    """The places of a cluster are pods, whatever their names look like."""
    row = replace(submitted(service)[0], place=place)
    assert host_of(service.ports.fleet, row) == place
    assert host_of(service.twins.ports.fleet, row) is None


def test_only_steps_that_need_the_runtime_go_to_a_host() -> None:
    assert queue_at("podline.pods.create", None) == "pods"
    assert queue_at("podline.pods.create", "a") == "monitor.a"
    assert queue_at("podline.saga.compensate", "a") == "results.a"
    assert queue_at("podline.saga.sweep", "a") == "saga"
    assert queue_at("podline.results.deliver", "a") == "results"
    assert queues_of("a") == ("monitor.a", "results.a")


def test_a_program_that_ends_at_once_needs_one_worker(service: Service) -> None:
    alpha = service.host("alpha")
    alpha.runtime.script = lambda _: Script()
    (row,) = submitted(service)
    alpha.worker.run_all()
    assert now(service, row).state is State.COMPLETED
    assert service.twins.pipeline.queues() == set()


class TestDatabase:
    """Which one the service has, so that a host with another one is noticed."""

    def test_a_process_beside_no_host_records_it(self, service: Service) -> None:
        upgrade(service.ports)
        assert service.hosts.database() == service.twins.store.identity()
        assert not has_another_database(service.twins.store, service.hosts)
        assert has_another_database(MemoryStore(), service.hosts)

    def test_a_host_does_not(self, service: Service) -> None:
        upgrade(service.host("alpha").ports)
        assert service.hosts.database() is None
        assert not has_another_database(MemoryStore(), service.hosts)

    def test_it_is_recorded_again_when_redis_has_lost_it(self, service: Service) -> None:
        service.twins.admission.clear()
        sweep(service.ports)
        assert service.hosts.database() == service.twins.store.identity()

    def test_a_process_starts_although_it_can_t_be_recorded(
        self, service: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        hosts = HostsWithoutRedis(service.twins.clock)
        upgrade(replace(service.ports, fleet=Fleet(hosts)))
        assert "no answer" in caplog.text


class HostsWithoutRedis(MemoryHosts):
    def put_database(self, identity: str) -> NoReturn:  # noqa: ARG002  # the port's
        raise CoordinationUnavailable("no answer")
