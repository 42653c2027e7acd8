"""Callbacks are delivered at least once, and one that is not becomes a dead letter."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.api_key import ApiKey, Role
from app.domain.callback import SERIES_SECONDS, Callback, CallbackState
from app.domain.callback_secret import CallbackSecrets
from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.errors import Conflict, StoreUnavailable
from app.domain.execution import Execution, State
from app.infrastructure.memory.callbacks import MemoryCallbacks
from app.infrastructure.memory.couriers import MemoryCouriers
from app.infrastructure.memory.deliveries import MemoryDeliveries
from app.ports import Delivery
from app.service import callbacks, dead_letter_retries
from app.service.cancel import cancel
from app.service.keys import create, rotate_callback_secret
from app.service.retention import erase, remove_old
from app.service.retry import retry
from app.service.submit import submit
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

URL = "https://good.example/ended"
BAD = "https://bad.example/ended"


def submitted(twins: Twins, url: str | None = URL, key: ApiKey | None = None) -> Execution:
    return submit(twins.ports, key or a_key(), a_submission(callback_url=url))


def run(twins: Twins) -> None:
    Worker(twins.ports).run_all()


def completed(twins: Twins, url: str = URL) -> Execution:
    execution = submitted(twins, url)
    run(twins)
    return twins.now(execution)


def callback_of(twins: Twins, execution: Execution) -> Callback:
    callback = twins.now(execution).callback
    assert callback is not None
    return callback


def sent(twins: Twins) -> list[str]:
    return [delivery.execution.id for delivery in twins.callbacks.sent]


def signing(twins: Twins) -> tuple[str, ...]:
    """The secrets that signed the newest callback."""
    return twins.callbacks.sent[-1].secrets


def tick(twins: Twins, seconds: float = 0) -> int:
    twins.clock.advance(seconds)
    return callbacks.deliver_due(twins.ports)


def given_up(twins: Twins) -> Execution:
    """An execution whose receiver accepted nothing for a day."""
    twins.callbacks.refuse["bad.example"] = "the receiver responded with status 500"
    execution = completed(twins, BAD)
    tick(twins, SERIES_SECONDS)
    return twins.now(execution)


def letter_of(twins: Twins, execution: Execution) -> DeadLetter:
    letter = twins.store.dead_letters.get(f"callback.{execution.id}")
    assert letter is not None
    return letter


class TestDelivery:
    def test_follows_completion_at_once_with_the_result(self, twins: Twins) -> None:
        execution = completed(twins)
        (delivery,) = twins.callbacks.sent
        assert delivery.execution.id == execution.id
        assert delivery.execution.state is State.COMPLETED
        assert delivery.result == twins.store.results.get(execution.result_id or "")
        assert delivery.callback.url == URL
        callback = callback_of(twins, execution)
        assert (callback.state, callback.attempts) == (CallbackState.DELIVERED, 1)
        assert tick(twins, 3600) == 0

    def test_follows_a_cancellation_with_the_next_tick(self, twins: Twins) -> None:
        execution = submitted(twins)
        cancel(twins.ports, execution)
        assert sent(twins) == []
        assert tick(twins) == 1
        (delivery,) = twins.callbacks.sent
        assert delivery.execution.state is State.CANCELLED
        assert delivery.result is None

    def test_is_left_to_the_tick_if_all_threads_are_taken(self, twins: Twins) -> None:
        twins.couriers.full.add("good.example")
        execution = completed(twins)
        assert sent(twins) == []
        twins.couriers.full.clear()
        assert tick(twins) == 0
        assert tick(twins, 10) == 1
        assert sent(twins) == [execution.id]

    def test_of_an_execution_without_a_callback_is_nothing(self, twins: Twins) -> None:
        submitted(twins, None)
        run(twins)
        assert tick(twins, 3600) == 0

    def test_is_repeated_with_growing_pauses_until_it_succeeds(self, twins: Twins) -> None:
        twins.callbacks.refuse["good.example"] = "status 500"
        execution = completed(twins)
        for seconds, attempts in ((10, 2), (9, 2), (1, 3), (19, 3), (1, 4)):
            tick(twins, seconds)
            assert callback_of(twins, execution).attempts == attempts
            assert callback_of(twins, execution).state is CallbackState.PENDING
        twins.callbacks.refuse.clear()
        tick(twins, 40)
        assert sent(twins) == [execution.id]
        assert callback_of(twins, execution).state is CallbackState.DELIVERED

    def test_is_repeated_by_a_retry_of_the_execution(self, twins: Twins) -> None:
        execution = completed(twins)
        again = retry(twins.ports, execution)
        assert callback_of(twins, again).attempts == 0
        run(twins)
        assert sent(twins) == [execution.id, again.id]

    def test_keeps_its_form_in_a_retry_which_keeps_what_a_door_remembers(
        self, twins: Twins
    ) -> None:
        submission = a_submission(callback_url=URL, callback_form="other", door_data="remembered")
        execution = submit(twins.ports, a_key(), submission)
        run(twins)
        again = retry(twins.ports, twins.now(execution))
        assert callback_of(twins, again).form == "other"
        assert again.door_data == "remembered"

    def test_of_an_erased_execution_ends(self, twins: Twins) -> None:
        twins.callbacks.refuse["good.example"] = "status 500"
        execution = completed(twins)
        erase(twins.store.executions, twins.blobs, execution)
        twins.callbacks.refuse.clear()
        tick(twins, 10)
        assert sent(twins) == []
        assert callback_of(twins, execution).state is CallbackState.ABANDONED
        assert twins.store.dead_letters.count() == {}

    def test_holds_up_retention(self) -> None:
        twins = make_twins(retention_seconds=60.0)
        twins.callbacks.refuse["bad.example"] = "status 500"
        execution = completed(twins, BAD)
        twins.store.events_to_relay.mark_relayed(execution.id, execution.version)
        twins.clock.advance(3600)
        remove_old(twins.ports)
        assert twins.store.executions.get(execution.id) is not None
        twins.callbacks.refuse.clear()
        tick(twins)
        remove_old(twins.ports)
        assert twins.store.executions.get(execution.id) is None

    def test_needs_a_secret_of_the_service(self, twins: Twins) -> None:
        ports = replace(twins.ports, callback_secrets=CallbackSecrets(None))
        execution = submitted(twins)
        cancel(twins.ports, execution)
        callbacks.deliver_due(ports)
        assert callback_of(twins, execution).state is CallbackState.PENDING
        assert callback_of(twins, execution).attempts == 1


class TestManyReceivers:
    def test_a_host_without_a_thread_delays_no_other(self, twins: Twins) -> None:
        for _ in range(3 * callbacks.SLICE):
            cancel(twins.ports, submitted(twins, BAD))
        good = [submitted(twins) for _ in range(3)]
        for execution in good:
            cancel(twins.ports, execution)
        twins.couriers.full.add("bad.example")
        assert tick(twins) == 3
        assert sent(twins) == [execution.id for execution in good]
        twins.couriers.full.clear()
        assert tick(twins) == 0  # The others were postponed,
        assert tick(twins, 10) == 3 * callbacks.SLICE  # and are due again.

    def test_hosts_take_turns(self, twins: Twins) -> None:
        urls = [BAD, BAD, BAD, URL, "https://third.example/"]
        for execution in [submitted(twins, url) for url in urls]:
            cancel(twins.ports, execution)
        tick(twins)
        hosts = [delivery.callback.url.split("/")[2] for delivery in twins.callbacks.sent]
        assert hosts == ["bad.example", "good.example", "third.example"] + 2 * ["bad.example"]

    def test_a_good_receiver_gets_the_next_thread_before_a_bad_one_gets_another(
        self, twins: Twins
    ) -> None:
        bad = [f"https://{name}.example/" for name in ("one", "two", "three")]
        for execution in [submitted(twins, url) for url in [*bad, *bad, URL]]:
            cancel(twins.ports, execution)
        callbacks.deliver_due(replace(twins.ports, couriers=OneThread(waits=10)))
        hosts = [delivery.callback.url.split("/")[2] for delivery in twins.callbacks.sent]
        assert hosts[:4] == ["one.example", "two.example", "three.example", "good.example"]
        assert len(hosts) == 7

    def test_what_is_due_meanwhile_takes_its_turn_too(self, twins: Twins) -> None:
        for _ in range(3):
            cancel(twins.ports, submitted(twins, BAD))
        couriers = OneThread(waits=10)
        couriers.meanwhile = lambda: cancel(twins.ports, submitted(twins))
        callbacks.deliver_due(replace(twins.ports, couriers=couriers))
        hosts = [delivery.callback.url.split("/")[2] for delivery in twins.callbacks.sent]
        assert hosts == ["bad.example", "bad.example", "good.example", "bad.example"]

    def test_without_a_thread_the_rest_stays_postponed(self, twins: Twins) -> None:
        for _ in range(5):
            cancel(twins.ports, submitted(twins))
        assert callbacks.deliver_due(replace(twins.ports, couriers=OneThread(waits=2))) == 3
        assert tick(twins) == 0
        assert tick(twins, 10) == 2

    def test_an_owner_with_very_many_hosts_delays_no_other(self, twins: Twins) -> None:
        hosts = [f"{number}.bad.example" for number in range(callbacks.PER_OWNER + 50)]
        for host in hosts:
            cancel(twins.ports, submitted(twins, f"https://{host}/"))
        cancel(twins.ports, submitted(twins, key=a_key(name="bob")))
        twins.couriers.full.update(hosts)
        assert tick(twins) == 1
        twins.couriers.full.clear()
        assert tick(twins, 10) == len(hosts)

    def test_a_tick_keeps_only_so_many_of_one_owner(self, twins: Twins) -> None:
        waiting = callbacks._Waiting()
        for number in range(callbacks.PER_OWNER + 50):
            execution = submitted(twins, f"https://{number}.example/")
            assert execution.callback is not None
            waiting.add(execution, execution.callback)
        assert waiting.start_round(lambda _: True) == callbacks.PER_OWNER
        assert not waiting

    def test_a_tick_keeps_only_so_many_for_one_host(self, twins: Twins) -> None:
        waiting = callbacks._Waiting()
        for _ in range(callbacks.PER_HOST + 1):
            execution = submitted(twins)
            assert execution.callback is not None
            waiting.add(execution, execution.callback)
        rounds = [waiting.start_round(lambda _: True) for _ in range(callbacks.PER_HOST + 1)]
        assert sum(rounds) == callbacks.PER_HOST


class OneThread(MemoryCouriers):
    """It is taken until the next `wait`, which succeeds `waits` times."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self._waits = waits
        self._free = True
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens during the first wait."""

    def start(self, owner: str, host: str, work: Callable[[], None]) -> bool:
        if not self._free:
            return False
        self._free = False
        return super().start(owner, host, work)

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        self.meanwhile()
        self.meanwhile = lambda: None
        self._waits -= 1
        self._free = self._waits >= 0
        return self._free


class TestDeadLetter:
    def test_is_recorded_after_a_day_and_not_retried_by_itself(self, twins: Twins) -> None:
        execution = given_up(twins)
        letter = letter_of(twins, execution)
        assert (letter.kind, letter.status) == (DeadLetterKind.CALLBACK, DeadLetterStatus.ARCHIVED)
        assert letter.error == "the receiver responded with status 500"
        assert letter.execution_id == execution.id
        assert callback_of(twins, execution).state is CallbackState.ABANDONED
        assert tick(twins, SERIES_SECONDS) == 0
        dead_letter_retries.process(twins.ports)
        assert letter_of(twins, execution) == letter

    def test_can_be_retried(self, twins: Twins) -> None:
        execution = given_up(twins)
        letter_id = letter_of(twins, execution).id
        retried = dead_letter_retries.retry_letter(twins.ports, letter_id)
        assert retried.status is DeadLetterStatus.RETRYING
        assert callback_of(twins, execution).state is CallbackState.PENDING
        with pytest.raises(Conflict):
            dead_letter_retries.retry_letter(twins.ports, letter_id)
        twins.callbacks.refuse.clear()
        tick(twins)
        assert sent(twins) == [execution.id]
        assert letter_of(twins, execution).status is DeadLetterStatus.RESOLVED
        with pytest.raises(Conflict):
            dead_letter_retries.retry_letter(twins.ports, letter_id)

    def test_is_archived_again_if_the_retry_fails_for_a_day(self, twins: Twins) -> None:
        execution = given_up(twins)
        dead_letter_retries.retry_letter(twins.ports, letter_of(twins, execution).id)
        tick(twins)
        assert callback_of(twins, execution).state is CallbackState.PENDING
        twins.clock.advance(7200)
        dead_letter_retries.process(twins.ports)
        assert letter_of(twins, execution).status is DeadLetterStatus.RETRYING
        tick(twins, SERIES_SECONDS)
        letter = letter_of(twins, execution)
        assert (letter.status, letter.attempts) == (DeadLetterStatus.ARCHIVED, 2)
        assert letter.next_retry_at is None

    def test_is_resolved_by_its_schedule_if_a_worker_died_before(self, twins: Twins) -> None:
        execution = given_up(twins)
        dead_letter_retries.retry_letter(twins.ports, letter_of(twins, execution).id)
        pending = callback_of(twins, execution)
        twins.store.deliveries.update(execution.id, pending, pending.delivered())
        twins.clock.advance(7200)
        dead_letter_retries.process(twins.ports)
        assert letter_of(twins, execution).status is DeadLetterStatus.RESOLVED

    def test_can_be_discarded(self, twins: Twins) -> None:
        letter = letter_of(twins, given_up(twins))
        discarded = dead_letter_retries.discard(twins.store.dead_letters, letter.id)
        assert discarded.status is DeadLetterStatus.DISCARDED

    def test_of_an_erased_execution_can_not_be_retried(self, twins: Twins) -> None:
        execution = given_up(twins)
        erase(twins.store.executions, twins.blobs, execution)
        with pytest.raises(Conflict, match="discard"):
            dead_letter_retries.retry_letter(twins.ports, letter_of(twins, execution).id)


class TestSignature:
    def test_is_made_with_the_secret_that_was_shown_with_the_key(self, twins: Twins) -> None:
        secrets = twins.ports.callback_secrets
        key, _ = create(twins.store.keys, twins.clock, "ada", Role.USER)
        submitted(twins, key=key)
        run(twins)
        assert signing(twins) == (secrets.of(key.id, 1),)

        new, _ = rotate_callback_secret(twins.store.keys, twins.clock, secrets, key.id)
        submitted(twins, key=key)
        run(twins)
        assert signing(twins) == (new, secrets.of(key.id, 1))

        twins.clock.advance(24 * 3600)
        submitted(twins, key=key)
        run(twins)
        assert signing(twins) == (new,)

    def test_of_a_deleted_key_is_made_with_the_secret_of_the_submission(self, twins: Twins) -> None:
        key, _ = create(twins.store.keys, twins.clock, "ada", Role.USER)
        secrets = twins.ports.callback_secrets
        rotate_callback_secret(twins.store.keys, twins.clock, secrets, key.id)
        current = twins.store.keys.get(key.id)
        execution = submitted(twins, key=current)
        twins.store.keys.delete(key.id)
        run(twins)
        assert sent(twins) == [execution.id]
        assert signing(twins) == (secrets.of(key.id, 2),)


class Killed(BaseException):
    """What SIGKILL is to a process."""


class DiesAfterSending(MemoryCallbacks):
    def send(self, delivery: Delivery) -> None:
        super().send(delivery)
        raise Killed


class Unwritable(MemoryDeliveries):
    def update(self, execution_id: str, before: Callback, after: Callback) -> bool:  # noqa: ARG002  # the port's signature
        raise StoreUnavailable


class TestInterruption:
    @pytest.mark.parametrize("first", [True, False], ids=["at once", "by the tick"])
    def test_between_the_delivery_and_its_record_repeats_it(
        self, twins: Twins, first: bool
    ) -> None:
        dying = replace(twins.ports, callbacks=DiesAfterSending())
        execution = submitted(twins)
        act: Callable[[], object] = Worker(dying).run_all
        if not first:
            cancel(twins.ports, execution)
            act = lambda: callbacks.deliver_due(dying)  # noqa: E731  # shorter than a function
        with pytest.raises(Killed):
            act()
        assert callback_of(twins, execution).state is CallbackState.PENDING
        run(twins)
        tick(twins, 10)
        assert sent(twins) == [execution.id]
        assert callback_of(twins, execution).state is CallbackState.DELIVERED

    def test_between_the_dead_letter_and_the_row_leaves_one_letter(self, twins: Twins) -> None:
        twins.callbacks.refuse["bad.example"] = "status 500"
        execution = completed(twins, BAD)
        twins.clock.advance(SERIES_SECONDS)
        deliveries = Unwritable(twins.store.tables)
        twins.store.deliveries, kept = deliveries, twins.store.deliveries
        tick(twins)
        assert letter_of(twins, execution).attempts == 1
        twins.store.deliveries = kept
        assert callback_of(twins, execution).state is CallbackState.PENDING
        tick(twins, 60)
        assert letter_of(twins, execution).attempts == 1
        assert callback_of(twins, execution).state is CallbackState.ABANDONED
