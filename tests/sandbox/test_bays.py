"""The bays of a real daemon, as a worker beside it holds them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.domain.errors import RuntimeUnavailable
from app.domain.pod import Pod
from app.infrastructure.sandbox.bays import SandboxBays
from app.ports.bays import BayCount
from sandbox.wire import framing
from sandbox.wire.versions import OURS
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language
from tests.support.waiting import wait_until

SOON = 0.05


@contextmanager
def opened(daemon: SandboxDaemon) -> Iterator[SandboxBays]:
    bays = SandboxBays(daemon.socket)
    bays.open()
    try:
        yield bays
    finally:
        bays.close()


@pytest.fixture
def bays(own_sandbox: SandboxDaemon) -> Iterator[SandboxBays]:
    """Those of a daemon with two."""
    with opened(own_sandbox) as held:
        yield held


def created(daemon: SandboxDaemon, bays: SandboxBays, source: str = "sleep 600") -> Pod:
    """Create a pod in a bay that is held for it."""
    pod = a_pod(language(daemon.runtime, "bash"), source)
    with bays.held():
        daemon.runtime.create(pod)
    return pod


def test_as_many_pods_are_taken_as_there_are_bays(
    own_sandbox: SandboxDaemon, bays: SandboxBays
) -> None:
    for _ in range(2):
        assert bays.wait(60)
        assert bays.take()
        created(own_sandbox, bays)
    assert not bays.wait(SOON)
    assert not bays.take()
    assert bays.count() == BayCount(total=2, free=0, pods=2)


def test_the_last_bay_is_not_for_a_step_that_is_joined(
    own_sandbox: SandboxDaemon, bays: SandboxBays
) -> None:
    wait_until(bays.join)
    assert not bays.join()
    assert bays.wait(60)
    assert bays.take()
    assert not bays.wait(SOON)
    with bays.held():
        pass  # a step that had nothing to do
    assert bays.wait(60)
    created(own_sandbox, bays)


def test_a_bay_is_held_again_as_soon_as_its_program_has_ended(
    own_sandbox: SandboxDaemon, bays: SandboxBays
) -> None:
    for _ in range(2):
        assert bays.wait(60)
        bays.take()
        pod = created(own_sandbox, bays)
    ended = threading.Thread(target=own_sandbox.runtime.delete, args=[pod.name])
    ended.start()
    assert bays.wait(60)
    held_at = time.monotonic()
    ended.join()
    assert time.monotonic() - held_at < 5
    assert bays.take()


def test_a_daemon_that_restarts_is_found_again(
    own_sandbox: SandboxDaemon, bays: SandboxBays
) -> None:
    assert bays.wait(60)
    bays.take()
    own_sandbox.kill()
    wait_until(lambda: not bays.wait(0))
    with pytest.raises(RuntimeUnavailable):
        bays.count()
    with bays.held():
        pass  # nothing is given back to the next daemon
    own_sandbox.start()
    assert bays.wait(30)
    wait_until(lambda: bays.join())
    assert not bays.join()


def test_a_pause_takes_nothing(bays: SandboxBays) -> None:
    assert bays.wait(60)
    bays.pause()
    assert not bays.wait(SOON)
    assert not bays.join()
    assert not bays.take()


def test_what_a_worker_held_is_free_when_it_is_gone(
    own_sandbox: SandboxDaemon, bays: SandboxBays
) -> None:
    assert bays.wait(60)
    with opened(own_sandbox) as other:
        assert not other.wait(SOON)
        bays.close()
        assert other.wait(60)


def test_closed_while_the_daemon_is_slow_to_answer_it_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "daemon.sock"
    with closing(socket.socket(socket.AF_UNIX)) as daemon:
        daemon.bind(str(path))
        daemon.listen()
        bays = SandboxBays(path)
        bays.open()
        with accepted(daemon) as slow:
            closes = threading.Thread(target=bays.close)
            closes.start()
            closes.join(SOON)
            assert closes.is_alive(), "it waits for its thread, which waits for the daemon"
            answer_hello(slow)
            assert framing.receive(slow) is None, "it asks for bays"
        closes.join()
        bays.open()
        with accepted(daemon) as again:
            answer_hello(again)
            assert framing.receive(again) == ({"op": "reserve"}, b"")
            framing.send(again, {"ok": {"granted": 1}})
            assert bays.wait(60)
            bays.close()


@contextmanager
def accepted(daemon: socket.socket) -> Iterator[socket.socket]:
    """The next connection, once it has said hello."""
    connection, _ = daemon.accept()
    with connection:
        assert framing.receive(connection) is not None
        yield connection


def answer_hello(connection: socket.socket) -> None:
    framing.send(connection, {"ok": {"version": OURS.newest, "oldest": OURS.oldest}})


def test_it_drains(own_sandbox: SandboxDaemon, bays: SandboxBays) -> None:
    assert bays.wait(60)
    bays.take()
    assert not bays.drain(), "a pod is about to be created"
    wait_until(lambda: not bays.wait(0))
    pod = created(own_sandbox, bays, "sleep 1")
    assert not bays.drain()
    assert bays.count() == BayCount(total=2, free=0, pods=1, draining=True)
    wait_until(lambda: bays.count().draining and pod.name in own_sandbox.runtime.list_pods())
    own_sandbox.runtime.delete(pod.name)
    wait_until(bays.drain)
    own_sandbox.kill()


@pytest.mark.long
@pytest.mark.parametrize("again", [False, True], ids=["deleted", "second signal"])
def test_asked_to_stop_it_drains_first(
    own_sandbox: SandboxDaemon, bays: SandboxBays, again: bool
) -> None:
    assert bays.wait(60)
    bays.take()
    pod = created(own_sandbox, bays)
    own_sandbox.terminate()
    wait_until(lambda: bays.count().draining)
    assert not bays.wait(SOON)
    assert own_sandbox.runs()
    if again:
        own_sandbox.terminate()
    else:
        own_sandbox.runtime.delete(pod.name)
    assert own_sandbox.wait() == 0


@pytest.mark.long
def test_asked_to_stop_it_waits_for_no_worker_that_is_gone(
    own_sandbox: SandboxDaemon, bays: SandboxBays
) -> None:
    assert bays.wait(60)
    bays.take()
    created(own_sandbox, bays)
    bays.close()
    assert own_sandbox.stop() == 0
