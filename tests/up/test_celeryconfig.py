"""Celery's configuration in the application."""

import pytest
from celery import Celery
from celery.exceptions import QueueNotFound

QUEUES = {"admission", "saga", "pods", "monitor", "results", "replay", "dlq"}


@pytest.fixture
def app() -> Celery:
    app = Celery("test", set_as_current=False)
    app.config_from_object("celeryconfig")
    return app


def test_there_are_seven_queues(app: Celery) -> None:
    assert {queue.name for queue in app.conf.task_queues} == QUEUES


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_a_task_goes_to_the_queue_in_its_name(app: Celery, queue: str) -> None:
    route = app.amqp.router.route({}, f"podline.{queue}.anything")
    assert route["queue"].name == queue


def test_a_queue_that_does_not_exist_is_refused(app: Celery) -> None:
    with pytest.raises(QueueNotFound, match="elses"):
        app.amqp.router.route({}, "somebody.elses.task")


def test_every_tick_expires_and_has_a_queue(app: Celery) -> None:
    assert {tick["task"] for tick in app.conf.beat_schedule.values()} == {
        "podline.saga.sweep",
        "podline.results.deliver",
        "podline.replay.relay",
        "podline.replay.due",
        "podline.dlq.process",
        "podline.saga.blobs",
        "podline.saga.usage",
        "podline.saga.retention",
    }
    for tick in app.conf.beat_schedule.values():
        # Beat's clock may be some seconds behind the worker's.
        assert tick["options"]["expires"] == max(10, 0.9 * tick["schedule"])
        assert app.amqp.router.route({}, tick["task"])["queue"].name in QUEUES


def test_only_json_and_no_results(app: Celery) -> None:
    assert list(app.conf.accept_content) == ["json"]
    assert app.conf.task_ignore_result
    assert app.conf.result_backend is None


def test_flower_gets_its_events(app: Celery) -> None:
    assert app.conf.worker_send_task_events


def test_every_time_out_is_below_a_second(app: Celery) -> None:
    assert app.conf.broker_connection_timeout < 1
    assert app.conf.broker_transport_options["socket_timeout"] < 1
    assert app.conf.broker_transport_options["socket_connect_timeout"] < 1
