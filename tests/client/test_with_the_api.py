"""The client and the real API over real HTTP agree on the contract.

The ports are in-memory twins; `worker` does the pipeline's work when a test asks for it.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum

import httpx
import pytest

from app.domain.api_key import Role as DomainRole
from app.domain.artifact import DEFAULT_MAXIMA
from app.domain.callback import CallbackState as DomainCallbackState
from app.domain.execution import SECOND
from app.domain.execution import Outcome as DomainOutcome
from app.domain.execution import State as DomainState
from app.domain.policy import DEFAULT_LIMITS
from app.domain.replay import ReplayMode as DomainReplayMode
from app.domain.replay import ReplayStatus as DomainReplayStatus
from app.domain.submission import Priority as DomainPriority
from app.domain.worker import RunningStep, WorkerReport
from app.infrastructure.memory.runtime import Script, exited
from app.service import dead_letters, keys
from app.service.relay import relay
from app.service.replay.slices import work
from app.service.usage import fold
from podline import (
    ApiError,
    ArtifactMaxima,
    Callback,
    CallbackState,
    Client,
    Conflict,
    EndEvent,
    Execution,
    Forbidden,
    Invalid,
    InvalidArgument,
    Limits,
    NotFound,
    Outcome,
    OutputEvent,
    Priority,
    Program,
    RateLimited,
    ReplayMode,
    ReplayStatus,
    ResultEvent,
    Role,
    State,
    StateEvent,
    Unauthenticated,
    Unavailable,
    WaitTimeout,
)
from tests.contracts.queued import entry
from tests.support.both_clients import Connect
from tests.support.builders import a_message
from tests.support.real_api import a_key
from tests.support.staff import staffed
from tests.support.twins import Twins
from tests.support.worker import Worker


@pytest.fixture
def client(twins: Twins, url: str, connect: Connect) -> Iterator[Client]:
    with connect(url, a_key(twins, DomainRole.ADMIN), timeout=60, retries=1) as client:
        yield client


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (State, DomainState),
        (CallbackState, DomainCallbackState),
        (Outcome, DomainOutcome),
        (Priority, DomainPriority),
        (Role, DomainRole),
        (ReplayMode, DomainReplayMode),
        (ReplayStatus, DomainReplayStatus),
    ],
)
def test_words_are_the_same(ours: type[StrEnum], theirs: type[StrEnum]) -> None:
    assert [word.value for word in ours] == [word.value for word in theirs]


def test_the_same_states_are_terminal() -> None:
    assert {s.value for s in State if s.terminal} == {s.value for s in DomainState if s.terminal}


def test_a_program_from_submission_to_result(twins: Twins, worker: Worker, client: Client) -> None:
    twins.runtime.script = lambda _pod: Script(prints=b"hi\xff", ends=exited(3))
    submitted = client.submit(
        files={"main.py": "print()", "data": b"\xff"},
        language="python",
        entrypoint="main.py",
        stdin=b"\xff",
        args=["a"],
        env={"A": "b"},
        limits={"wall_seconds": 1.5},
        compile_limits={"memory_mib": 100},
        expected_output=b"x",
        priority="high",
        labels={"course": "cs101"},
    )
    assert (submitted.state, submitted.queue_position) == (State.QUEUED, None)
    worker.run_all()
    execution = client.get(submitted.id)
    assert (execution.state, execution.outcome) == (State.COMPLETED, Outcome.RUNTIME_ERROR)
    assert execution.limits == Limits(**(asdict(DEFAULT_LIMITS) | {"wall_seconds": 1.5}))
    result = execution.result
    assert result is not None
    assert (result.exit_code, result.stdout, result.stdout_bytes) == (3, "hi\ufffd", b"hi\xff")
    assert client.wait(submitted.id) == execution


def test_a_wait_that_runs_out(client: Client) -> None:
    with pytest.raises(WaitTimeout, match="is queued") as caught:
        client.run("print()", language="python", timeout=0.1)
    assert client.get(caught.value.execution_id).state is State.QUEUED


def test_the_stream(twins: Twins, worker: Worker, client: Client) -> None:
    twins.runtime.script = lambda _pod: Script(prints=b"hi\xff")
    submitted = client.submit("", language="python")
    worker.run_all()
    events = list(client.stream(submitted.id))
    states = [event.state for event in events if isinstance(event, StateEvent)]
    assert (states[0], states[-1]) == (State.QUEUED, State.COMPLETED)
    output = [event for event in events if isinstance(event, OutputEvent)]
    assert b"".join(event.content for event in output) == b"hi\xff"
    assert {(event.stream, event.attempt) for event in output} == {("stdout", 1)}
    assert events[-2:] == [
        ResultEvent(execution=client.get(submitted.id)),
        EndEvent(state=State.COMPLETED),
    ]


def test_the_same_idempotency_key(client: Client) -> None:
    first = client.submit("1", language="python", idempotency_key="k")
    assert client.submit("1", language="python", idempotency_key="k").id == first.id
    with pytest.raises(Invalid):
        client.submit("2", language="python", idempotency_key="k")


def test_list_and_its_pages(client: Client) -> None:
    ids = [client.submit("", language="python", labels={"n": "1"}).id for _ in range(5)]
    client.submit("", language="c")
    found = client.list(language="python", state="queued", labels={"n": "1"}, page_size=2)
    assert [execution.id for execution in found] == ids[::-1]


def test_cancel_retry_events_and_delete(worker: Worker, client: Client) -> None:
    execution = client.submit("", language="python")
    with pytest.raises(Conflict):
        client.delete(execution.id)
    assert client.cancel(execution.id).state is State.CANCELLED
    with pytest.raises(Conflict):
        client.cancel(execution.id)
    worker.run_all()
    again = client.retry(execution.id)
    assert again.retry_of == execution.id
    assert client.retry(execution.id).id == again.id
    assert [event.version for event in client.events(execution.id)] == [1, 2]
    client.delete(execution.id)
    with pytest.raises(NotFound):
        client.get(execution.id)


def test_bad_fields_are_named(client: Client) -> None:
    with pytest.raises(Invalid) as caught:
        client.submit("", language="cobol", limits={"memory_mib": 100_000})
    pointers = [field.pointer for field in caught.value.problem.errors]
    assert pointers == ["/language", "/limits/memory_mib"]


def test_what_is_offered(client: Client) -> None:
    assert "python" in {language.name for language in client.languages()}
    limits = client.limits()
    assert limits.limits.default == Limits(**asdict(DEFAULT_LIMITS))
    assert limits.input["files"] == 256
    assert limits.artifacts == ArtifactMaxima(**asdict(DEFAULT_MAXIMA))


def test_the_queue(twins: Twins, client: Client) -> None:
    twins.admission.enter([entry("any")])
    client.submit("", language="python", priority="low")
    queue = client.queue()
    assert queue.counts["queued"]["low"] == 1
    assert queue.slots.used == 0
    assert queue.oldest_queued_seconds is not None
    assert [(each.owner, each.queued) for each in queue.owners or ()] == [("ada", 1)]
    assert queue.events_not_in_log
    assert queue.events_not_in_log.executions == 1


def test_the_disk(twins: Twins, client: Client) -> None:
    twins.disk.taken = {"logs": 7, "blobs": 30}
    found = client.disk()
    assert dict(found.parts) == {"logs": 7, "blobs": 30}
    assert (found.total_bytes, found.free_bytes) == (37, twins.disk.room.free)
    assert found.reserved_bytes == 2**30


def test_the_audit_log(client: Client) -> None:
    made = client.keys.create("bob")
    (record,) = client.audit_log.list()
    assert (record.name, record.role, record.outcome, record.status) == (
        *("ada", "admin", "succeeded", 201),
    )
    assert record.target == {"key_id": made.id, "name": "bob", "role": "user"}


def test_dead_letters(twins: Twins, client: Client) -> None:
    for body in (b"1", b"2", b"3"):
        dead_letters.record_poison(twins.ports, "saga", a_message(body), "not a task")
    first, second, third = client.dead_letters.list(kind="poison")
    assert client.dead_letters.get(first.id) == first
    assert client.dead_letters.retry(first.id).retries == 1
    assert client.dead_letters.discard(second.id).status == "discarded"
    assert client.dead_letters.retry_all(status="waiting") == 1
    assert client.dead_letters.get(third.id).retries == 1
    assert client.dead_letters.discard_all(status="retrying", limit=1) == 1


def test_the_event_log_and_its_replays(twins: Twins, worker: Worker, client: Client) -> None:
    execution = client.submit("", language="python")
    worker.run_all()
    relay(twins.ports)
    twins.clock.advance(1)
    events = list(client.event_log.list(executions=[execution.id]))
    assert events == list(client.events(execution.id))
    assert list(client.event_log.list(until=events[0].time)) == []
    assert list(client.event_log.list(owner="nobody")) == []
    replay = client.replays.start("reemit", target="again", since=events[0].time)
    work(twins.ports, replay.id)
    done = client.replays.get(replay.id)
    assert (done.status, done.done) == (ReplayStatus.COMPLETED, len(events))
    assert list(client.replays.list()) == [done]
    with pytest.raises(Conflict):
        client.replays.cancel(replay.id)
    with pytest.raises(Invalid):
        client.replays.start("rebuild")


def test_the_event_log_is_followed(
    twins: Twins, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podline.pages._ASK_AGAIN", 0.001)
    first = client.submit("", language="python")
    relay(twins.ports)
    followed = client.event_log.follow(since=datetime(2026, 1, 1, tzinfo=UTC))
    assert next(followed).data["execution_id"] == first.id
    second = client.submit("", language="python")
    relay(twins.ports)
    assert next(followed).data["execution_id"] == second.id
    followed.close()


def programs(*inputs: str) -> list[Program]:
    return [Program(language="python", source="print(input())", stdin=each) for each in inputs]


def executions(submitted: tuple[Execution | ApiError, ...]) -> list[Execution]:
    return [each for each in submitted if isinstance(each, Execution)]


def with_room_for(quota: int, twins: Twins, url: str, connect: Connect) -> Client:
    """A client that doesn't repeat what is refused."""
    key, secret = keys.create(twins.store.keys, twins.clock, "bob", DomainRole.USER)
    twins.store.keys.update(key, replace(key, max_unfinished=quota))
    return connect(url, secret, retries=0)


class TestSubmitMany:
    def test_returns_an_execution_or_an_error_for_each(
        self, client: Client, twins: Twins, worker: Worker
    ) -> None:
        good = programs("a", "b")
        first, error, last = client.submit_many([good[0], Program(language="cobol"), good[1]])
        assert isinstance(error, Invalid)
        assert [each.pointer for each in error.problem.errors] == [
            *("/executions/1/language", "/executions/1/source"),
        ]
        assert isinstance(first, Execution)
        assert isinstance(last, Execution)
        submission = twins.store.executions.submission(last.id)
        assert submission is not None
        assert submission.stdin == b"b"
        worker.run_all()
        assert [each.id for each in client.as_completed([last])] == [last.id]
        ended = list(client.as_completed((first, error, last)))
        assert {each.id for each in ended} == {first.id, last.id}
        assert all(each.result is not None for each in ended)

    def test_an_error_may_name_no_field(self, twins: Twins, url: str, connect: Connect) -> None:
        """Such as that the role of the key does not allow a priority."""
        with with_room_for(10, twins, url, connect) as client:
            urgent = Program(language="python", source="", priority="critical")
            first, error = client.submit_many([*programs("a"), urgent])
        assert isinstance(first, Execution)
        assert isinstance(error, Forbidden)
        assert error.problem.errors == ()

    def test_divides_many_into_batches(self, client: Client, worker: Worker) -> None:
        submitted = executions(client.submit_many(programs(*map(str, range(205)))))
        assert len(submitted) == 205
        batches = list(dict.fromkeys(each.batch_id for each in submitted))
        sizes = [sum(each.batch_id == batch for each in submitted) for batch in batches]
        assert sizes == [100, 100, 5]
        listed = client.list(batch=batches[2])
        assert [each.id for each in listed] == [each.id for each in submitted[:199:-1]]
        worker.run_all()
        assert {each.id for each in client.as_completed(submitted)} == {
            each.id for each in submitted
        }

    def test_repeated_with_its_key_submits_nothing(self, client: Client) -> None:
        many = programs(*map(str, range(101)))
        first = executions(client.submit_many(many, idempotency_key="k"))
        again = executions(client.submit_many(many, idempotency_key="k"))
        assert [each.id for each in first] == [each.id for each in again]

    def test_of_none(self, client: Client) -> None:
        assert client.submit_many([]) == ()
        assert list(client.as_completed([])) == []

    def test_a_first_batch_that_is_refused_raises(
        self, twins: Twins, url: str, connect: Connect
    ) -> None:
        with with_room_for(50, twins, url, connect) as user, pytest.raises(RateLimited):
            user.submit_many(programs(*map(str, range(100))))

    def test_a_later_batch_that_is_refused_has_its_error(
        self, twins: Twins, url: str, connect: Connect
    ) -> None:
        with with_room_for(150, twins, url, connect) as user:
            submitted = user.submit_many(programs(*map(str, range(200))))
        kinds = [type(each) for each in submitted]
        assert kinds == [Execution] * 100 + [RateLimited] * 100

    def test_single_ones_complete_too(self, client: Client, worker: Worker) -> None:
        single = client.submit("print(1)", language="python")
        worker.run_all()
        assert [each.id for each in client.as_completed([single])] == [single.id]


def test_a_batch(client: Client) -> None:
    submitted = executions(client.submit_many(programs("a", "b")))
    batch_id = submitted[0].batch_id
    assert batch_id is not None
    batch = client.batch(batch_id)
    assert (batch.unfinished, [each.execution for each in batch.items]) == (2, submitted)
    cancelled = client.cancel_batch(batch_id)
    assert (cancelled.id, cancelled.unfinished) == (batch_id, 0)
    assert {each.state for each in client.as_completed(submitted)} == {State.CANCELLED}
    with pytest.raises(NotFound):
        client.batch("another")


def test_what_was_submitted_and_printed(client: Client, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(prints=b"\xff\n")
    execution = client.submit("print(1)", language="python", stdin=b"\xfe")
    with pytest.raises(NotFound):
        client.stdout(execution.id)
    worker.run_all()
    assert client.stdout(execution.id) == b"\xff\n"
    assert client.stderr(execution.id) == b""
    assert client.submission(execution.id) == {
        "language": "python",
        "source": "print(1)",
        "stdin_base64": "/g==",
    }


class TestBulk:
    def test_cancel_and_delete(self, client: Client, worker: Worker) -> None:
        submitted = executions(client.submit_many(programs(*map(str, range(205)))))
        client.submit("x", language="python", labels={"course": "c1"})
        assert client.count("cancel") == 206
        assert client.count("cancel", labels={"course": "c1"}) == 1
        assert client.cancel_all(batch=submitted[-1].batch_id) == 5
        assert client.cancel_all() == 201
        assert client.cancel_all() == 0
        worker.run_all()
        assert client.delete_all(owner="*", state="cancelled") == 206
        assert list(client.list()) == []

    def test_of_a_priority(self, client: Client) -> None:
        low = client.submit("x", language="python", priority="low")
        client.submit("x", language="python")
        assert [each.id for each in client.list(priority="low")] == [low.id]
        assert client.count("cancel", priority="low") == 1

    def test_retry(self, client: Client, worker: Worker) -> None:
        client.submit_many(programs("a", "b"))
        worker.run_all()
        assert client.retry_all(outcome="success") == 2
        worker.run_all()
        assert client.retry_all(until=datetime(2020, 1, 1, tzinfo=UTC)) == 0
        assert len(list(client.list(since=datetime(2020, 1, 1)))) == 4
        assert list(client.list(until=datetime(2020, 1, 1))) == []

    def test_of_ids(self, client: Client) -> None:
        first, second, third = executions(client.submit_many(programs("a", "b", "c")))
        listed = client.list(ids=[first.id, third.id, "01J"])
        assert [each.id for each in listed] == [third.id, first.id]
        assert client.cancel_all(ids=(second.id,)) == 1
        assert client.count("cancel") == 2
        with pytest.raises(InvalidArgument, match="at least one id"):
            client.cancel_all(ids=[])

    def test_stops_where_nothing_can_be_done(
        self, client: Client, twins: Twins, worker: Worker
    ) -> None:
        client.submit("x", language="python")
        worker.run_all()
        twins.store.tables.submissions.clear()
        assert client.retry_all() == 0


def test_workers_and_overview(client: Client, twins: Twins, worker: Worker) -> None:
    twins.ports.worker_reports.put(
        WorkerReport(
            name="a:1",
            kind="worker",
            roles=("pods",),
            version="0.2",
            seen_at=twins.clock(),
            steps=(RunningStep(task="t", subject_id=None, started_at=twins.clock()),),
        )
    )
    found = client.workers()
    assert [(each.name, each.roles, each.steps[0].task) for each in found.items] == [
        ("a:1", ("pods",), "t")
    ]
    assert found.places[0].slots == 2
    client.submit("x", language="python")
    worker.run_all()
    by_hour = client.overview(minutes=60, step=60)
    assert by_hour.total is not None
    assert (by_hour.total.ended, by_hour.minutes[-1].ended) == ({"success": 1}, {"success": 1})
    *_, now = client.overview(minutes=3).minutes
    assert (now.ended, now.waiting_ms is not None) == ({"success": 1}, True)


def test_operators_see_owners(twins: Twins, url: str, client: Client, connect: Connect) -> None:
    with connect(url, a_key(twins, DomainRole.USER, "bob")) as bob:
        bob.submit("x", language="python")
        assert [each.owner for each in bob.list()] == [None]
    assert [each.owner for each in client.list(owner="*")] == ["bob"]
    assert [each.owner for each in client.list(owner="bob")] == ["bob"]


def test_keys(client: Client) -> None:
    created = client.keys.create("bob", role="operator", max_unfinished=3)
    known = {key.id: key for key in client.keys.list()}
    assert (known[created.id].name, known[created.id].max_unfinished) == ("bob", 3)
    client.keys.delete(created.id)
    assert created.id not in {key.id for key in client.keys.list()}


def test_a_sign_in_token_is_used_once(client: Client) -> None:
    token = client.sign_in_token()
    assert token.token not in repr(token)
    headers = {"Authorization": f"Bearer {token.token}"}
    begun = [httpx.post(f"{client.url}/api/v1/session", headers=headers) for _ in range(2)]
    assert [response.status_code for response in begun] == [201, 401]


def test_usage(client: Client, twins: Twins, worker: Worker) -> None:
    client.submit("1", language="python")
    worker.run_all()
    fold(twins.store.usage)
    (day,) = client.usage()
    assert (day.day, day.executions, day.cpu_seconds) == ("2026-01-02", 1, 0.001)
    assert client.usage(first="2026-01-02", last="2026-01-02") == (day,)
    assert client.usage(last="2026-01-01") == ()
    assert client.usage(owner="*") == (replace(day, owner=day.owner),)
    with pytest.raises(Invalid):
        client.usage(first="yesterday")


def test_a_key_for_a_door_does_not_open_the_api(client: Client, connect: Connect) -> None:
    created = client.keys.create("bob", door="piston")
    assert created.door == "piston"
    with connect(client.url, created.key, retries=0) as bob, pytest.raises(Forbidden):
        bob.languages()


def test_limits_of_a_key(client: Client, twins: Twins, connect: Connect) -> None:
    created = client.keys.create("bob", requests="1/d", cpu_day=1.5)
    assert (created.requests, created.cpu_day) == ("1/d", 1.5)
    with connect(client.url, created.key, retries=0) as bob:
        bob.languages()
        with pytest.raises(RateLimited) as refused:
            bob.languages()
    assert refused.value.problem.retry_after == 24 * 3600 - seconds_of_day(twins.clock())


def seconds_of_day(time: int) -> int:
    return time // SECOND % (24 * 3600)


def test_callbacks(client: Client, twins: Twins, worker: Worker) -> None:
    created = client.keys.create("bob")
    assert created.callback_secret == twins.ports.callback_secrets.of(created.id, 1)
    rotated = client.keys.rotate_secret(created.id)
    assert rotated.callback_secret == twins.ports.callback_secrets.of(created.id, 2)
    assert rotated.previous_valid_until > created.created_at
    assert rotated.callback_secret not in repr(rotated) + repr(created)

    execution = client.submit("1", language="python", callback_url="https://example.com/")
    assert execution.callback == Callback(state=CallbackState.WAITING, attempts=0)
    worker.run_all()
    delivered = client.get(execution.id).callback
    assert delivered == Callback(state=CallbackState.DELIVERED, attempts=1)
    assert client.submit("1", language="python").callback is None


def test_keys_and_roles(twins: Twins, url: str, connect: Connect) -> None:
    with connect(url) as nobody, pytest.raises(Unauthenticated):
        nobody.languages()
    with connect(url, a_key(twins, DomainRole.USER)) as user, pytest.raises(Forbidden):
        user.queue()


def test_readiness(twins: Twins, client: Client) -> None:
    readiness = client.readiness()
    assert readiness.status == "degraded"
    assert readiness.parts["beat"].detail == "no beat has sent a heartbeat lately"
    staffed(twins)
    twins.clock.advance(1)  # so long, the response is cached
    assert client.readiness().status == "ready"
    twins.runtime.unavailable = True
    twins.clock.advance(1)
    readiness = client.readiness()
    assert readiness.status == "degraded"
    assert readiness.dependencies["runtime"].state == "down"
    assert readiness.dependencies["runtime"].detail


def test_a_part_that_is_unavailable(twins: Twins, client: Client) -> None:
    twins.runtime.unavailable = True
    with pytest.raises(Unavailable) as caught:
        client.languages()
    assert caught.value.problem.retry_after is not None
