"""What an operator sees of the standalone: readiness, the queue, Flower; and two beats."""

import re
import subprocess
import sys

import httpx

from podline import Client
from tests.standalone import Standalone
from tests.waiting import wait_until

QUEUES = {"admission", "saga", "pods", "monitor", "results", "replay", "dlq"}
PLACE = re.compile(r"flower\s+\d+\s+(http://\S+)")


def flower(standalone: Standalone) -> httpx.Client:
    """Where `up` says that it is, with the password from the data folder."""
    wait_until(lambda: PLACE.search(standalone.printed()), or_fail=standalone.printed)
    (place,) = PLACE.findall(standalone.printed())
    password = (standalone.data_dir / "flower-password").read_text().strip()
    user = standalone.loaded_settings().flower_user
    return httpx.Client(base_url=place, auth=(user, password))


def test_flower_wants_a_password(standalone: Standalone) -> None:
    with flower(standalone) as page:
        assert httpx.get(page.base_url).status_code == 401
        assert page.get("/").status_code == 200


def test_flower_shows_every_queue_and_every_tasks_true_end(
    standalone: Standalone, client: Client
) -> None:
    execution = client.run("print(1)", language="python")
    with flower(standalone) as page:
        (worker,) = page.get("/api/workers", params={"refresh": True}).json().values()
        assert {queue["name"] for queue in worker["active_queues"]} == QUEUES

        def tasks_of_it() -> dict[str, str]:
            tasks = page.get("/api/tasks").json().values()
            return {t["name"]: t["state"] for t in tasks if execution.id in (t["args"] or "")}

        def all_have_ended() -> bool:
            states = list(tasks_of_it().values())
            return len(states) >= 5 and set(states) == {"SUCCESS"}

        wait_until(all_have_ended, or_fail=tasks_of_it)


def test_two_beats_do_no_harm(standalone: Standalone, client: Client) -> None:
    command = [sys.executable, "-m", "celery", "-A", "tasks", "beat"]
    second = subprocess.Popen(command, env=standalone.child("beat").environ())
    try:
        done = [client.run(f"print({n})", language="python") for n in range(20)]
    finally:
        second.terminate()
        second.wait()
    assert [e.result.stdout for e in done if e.result] == [f"{n}\n" for n in range(20)]
    for execution in done:
        states = [event.type for event in client.events(execution.id)]
        assert len(states) == len(set(states)), "no step was done twice"


def test_everything_is_ready_and_named(client: Client) -> None:
    readiness = client.readiness()
    assert readiness.status == "ready"
    assert {"store", "redis", "runtime"} <= set(readiness.dependencies)


def test_the_queue_is_counted(client: Client) -> None:
    queue = client.queue()
    assert queue.slots.used is not None
