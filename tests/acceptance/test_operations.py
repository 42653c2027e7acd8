"""What operators see over HTTP: readiness, the queue, Flower."""

import httpx

from podline import Client
from tests.acceptance.setups import Service
from tests.support.waiting import wait_until


def test_flower_wants_a_password(service: Service) -> None:
    with service.flower() as page:
        assert httpx.get(page.base_url).status_code == 401
        assert page.get("/").status_code == 200


def test_flower_shows_every_queue_and_every_tasks_true_end(
    service: Service, client: Client
) -> None:
    execution = client.run("print(1)", language="python")
    with service.flower() as page:

        def queues() -> set[str]:
            """Those of the workers that answer within Flower's second."""
            workers = page.get("/api/workers", params={"refresh": True}).json().values()
            return {queue["name"] for worker in workers for queue in worker["active_queues"]}

        wait_until(lambda: queues() == service.queues, within=60, or_fail=queues)

        def tasks_of_it() -> dict[str, str]:
            tasks = page.get("/api/tasks").json().values()
            return {t["name"]: t["state"] for t in tasks if execution.id in (t["args"] or "")}

        def all_have_ended() -> bool:
            states = list(tasks_of_it().values())
            return len(states) >= 5 and set(states) == {"SUCCESS"}

        wait_until(all_have_ended, within=60, or_fail=tasks_of_it)


def test_everything_is_ready_and_named(client: Client) -> None:
    wait_until(lambda: client.readiness().status == "ready", or_fail=client.readiness)
    readiness = client.readiness()
    assert {"store", "redis", "runtime"} <= set(readiness.dependencies)


def test_the_queue_is_counted(client: Client) -> None:
    queue = client.queue()
    assert queue.slots.used is not None
