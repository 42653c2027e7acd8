"""The worker of a replay is killed repeatedly; nothing is left out or done twice."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.audit import AUDIT_EVENT
from app.queues import QUEUES
from podline import Client, Replay, ReplayStatus
from tests.support.constants import in_processes
from tests.support.kafka_server import KafkaServer, messages
from tests.support.roles import Roles
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]

REPLAY = "replay"
EXECUTIONS = 30
KILLS = 2
SECONDS_TO_END = 240
"""After a kill, the slice's lease and then the next tick are waited for."""
SMALL_SLICES = in_processes(
    replay__slices__BATCH=4,
    replay__slices__LEASE_SECONDS=10.0,
    beat__replays=1,
)


@pytest.fixture
def roles(tmp_path: Path, sandbox: SandboxDaemon) -> Iterator[Roles]:
    rest = ",".join(queue for queue in QUEUES if queue != REPLAY)
    with Roles(
        tmp_path,
        f"unix://{sandbox.socket}",
        workers={REPLAY: REPLAY, "rest": rest},
        settings=SMALL_SLICES,
    ) as roles:
        yield roles


@pytest.fixture
def client(roles: Roles) -> Iterator[Client]:
    with roles.client() as client:
        yield client


@pytest.fixture
def originals(client: Client) -> set[str]:
    """The ids of executions that have ended, and whose events are all in the log."""
    submitted = [client.submit("true", language="bash").id for _ in range(EXECUTIONS)]
    for id in submitted:
        client.wait(id, timeout=60)
    made = sum(len(client.events(id)) for id in submitted)

    def logged() -> int:
        return len({event.id for event in client.event_log.list(executions=submitted)})

    wait_until(lambda: logged() == made)
    return set(submitted)


def test_no_execution_is_submitted_twice(roles: Roles, client: Client, originals: set[str]) -> None:
    replay = client.replays.start("resubmit", executions=sorted(originals))
    replay = kill_until_it_ends(roles, client, replay)

    assert replay.status is ReplayStatus.COMPLETED
    assert (replay.done, dict(replay.skipped)) == (EXECUTIONS, {})
    retries = Counter(e.retry_of for e in client.list() if e.id not in originals)
    assert retries == dict.fromkeys(originals, 1)
    for execution in client.list():
        assert client.wait(execution.id, timeout=60).attempt == 1


def test_every_event_is_emitted_again(
    roles: Roles, client: Client, originals: set[str], kafka: KafkaServer
) -> None:
    target = kafka.new_topic()
    expected = {event.id for id in originals for event in client.events(id)}

    replay = client.replays.start("reemit", target=target)
    replay = kill_until_it_ends(roles, client, replay)

    assert replay.status is ReplayStatus.COMPLETED
    assert replay.done == sum(replay.matched.values())
    # The log may have events repeatedly: a relay that was too slow for its lease delivers again.
    assert len(expected) <= replay.done <= len(list(client.event_log.list()))
    emitted = [json.loads(message.value() or b"") for message in messages(kafka, target)]
    of_executions = {message["id"] for message in emitted if message["type"] != AUDIT_EVENT}
    assert of_executions == expected
    assert {message["replayid"] for message in emitted} == {replay.id}


def kill_until_it_ends(roles: Roles, client: Client, replay: Replay) -> Replay:
    """Kill the worker of its queue whenever it has made progress, and start another one."""

    def has_gone_on_from(done: int) -> Callable[[], bool]:
        return lambda: client.replays.get(replay.id).done > done

    done = 0
    for _ in range(KILLS):
        wait_until(has_gone_on_from(done), within=SECONDS_TO_END)
        roles.process(REPLAY).kill()
        roles.process(REPLAY).wait()
        killed = client.replays.get(replay.id)
        assert killed.status is ReplayStatus.RUNNING, "it was over before it could be killed"
        done = killed.done
        roles.start_worker(REPLAY, REPLAY)

    def ended() -> bool:
        return client.replays.get(replay.id).status is not ReplayStatus.RUNNING

    wait_until(ended, within=SECONDS_TO_END)
    return client.replays.get(replay.id)
