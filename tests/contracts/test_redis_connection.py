"""Whatever Redis does, callers soon get CoordinationUnavailable."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from threading import Thread

import pytest
import redis

from app.domain.errors import CoordinationUnavailable
from app.domain.report import Frame, Stream
from app.domain.submission import Priority
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.leases import RedisLeases
from app.infrastructure.redis.live import RedisLiveOutput
from app.infrastructure.redis.parking import RedisParking
from app.ports import Caps, QueueEntry
from tests.support.builders import NOW, a_dead_letter
from tests.support.waiting import is_quick

ENTRY = QueueEntry("a", "ada", Priority.NORMAL, NOW, "python-3.11")
POLL_SECONDS = 0.01
LETTER = a_dead_letter()
FRAME = Frame(1, Stream.STDOUT, 0, b"")

CALLS: dict[str, Callable[[redis.Redis], object]] = {
    "enter": lambda client: RedisAdmissionQueue(client).enter([ENTRY]),
    "take": lambda client: RedisAdmissionQueue(client).take(Caps(1, 1), NOW, 1),
    "leave": lambda client: RedisAdmissionQueue(client).leave("a", NOW),
    "hold": lambda client: RedisAdmissionQueue(client).hold(ENTRY, NOW),
    "queue_position": lambda client: RedisAdmissionQueue(client).queue_position("a"),
    "contains": lambda client: RedisAdmissionQueue(client).contains(["a"]),
    "slots": lambda client: RedisAdmissionQueue(client).slots(NOW, 1),
    "slots_used": lambda client: RedisAdmissionQueue(client).slots_used(),
    "length": lambda client: RedisAdmissionQueue(client).length(),
    "ready": lambda client: RedisAdmissionQueue(client).ready(),
    "mark_ready": lambda client: RedisAdmissionQueue(client).mark_ready(),
    "clear": lambda client: RedisAdmissionQueue(client).clear(),
    "acquire": lambda client: RedisLeases(client).acquire("sweep", 1),
    "watch": lambda client: RedisLiveOutput(client).watch("a"),
    "watched": lambda client: RedisLiveOutput(client).watched(),
    "append": lambda client: RedisLiveOutput(client).append("a-1", [FRAME]),
    "read": lambda client: RedisLiveOutput(client).read("a-1", 0),
    "last": lambda client: RedisLiveOutput(client).last("a-1"),
    "park": lambda client: RedisParking(client).park(LETTER),
    "unpark": lambda client: RedisParking(client).unpark(1),
    "done": lambda client: RedisParking(client).done(LETTER),
}


@contextmanager
def server_that_answers(path: Path, error: bytes | None) -> Iterator[str]:
    """Answers every command with the same error, or with nothing at all."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                if error is not None and line.startswith(b"*"):
                    self.wfile.write(b"-" + error + b"\r\n")

    class Server(ThreadingUnixStreamServer):
        daemon_threads = True
        block_on_close = False

    with Server(str(path), Handler) as server:
        Thread(target=server.serve_forever, args=[POLL_SECONDS], daemon=True).start()
        yield f"unix://{path}"
        server.shutdown()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_unavailable(call: Callable[[redis.Redis], object], tmp_path: Path) -> None:
    with pytest.raises(CoordinationUnavailable):
        call(connect(f"unix://{tmp_path}/nobody"))


def test_silent(tmp_path: Path) -> None:
    with server_that_answers(tmp_path / "redis.sock", None) as url:

        def ask() -> None:
            with pytest.raises(CoordinationUnavailable, match="Timeout"):
                RedisAdmissionQueue(connect(url)).length()

        assert is_quick(ask, seconds=1.5)


@pytest.mark.parametrize(
    "error",
    [
        b"BUSY Redis is busy running a script.",
        b"CLUSTERDOWN The cluster is down",
        b"LOADING Redis is loading the dataset in memory",
        b"MASTERDOWN Link with MASTER is down",
        b"MISCONF Errors writing to the AOF file",
        b"NOAUTH Authentication required.",
        b"NOREPLICAS Not enough good replicas to write.",
        b"OOM command not allowed when used memory > 'maxmemory'.",
        b"READONLY You can't write against a read only replica.",
        b"TRYAGAIN Multiple keys request during rehashing of slot",
        b"ERR max number of clients reached",
    ],
)
def test_there_but_not_able(tmp_path: Path, error: bytes) -> None:
    with (
        server_that_answers(tmp_path / "redis.sock", error) as url,
        pytest.raises(CoordinationUnavailable),
    ):
        RedisAdmissionQueue(connect(url)).length()


def test_full(redis_client: redis.Redis) -> None:
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(CoordinationUnavailable, match="maxmemory"):
            RedisAdmissionQueue(redis_client).enter([ENTRY])
    finally:
        redis_client.config_set("maxmemory", 0)


def test_an_error_of_ours_stays_what_it_is(redis_client: redis.Redis) -> None:
    redis_client.set("podline:parking", "of another type")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        RedisParking(redis_client).unpark(1)


def test_a_server_that_was_started_anew_is_used_at_once(redis_client: redis.Redis) -> None:
    queue = RedisAdmissionQueue(redis_client)
    queue.enter([ENTRY])
    redis_client.client_kill_filter(_type="normal", skipme=False)
    redis_client.script_flush()
    queue.enter([ENTRY])
    assert queue.length() == 1
