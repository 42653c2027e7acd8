"""Usage is counted exactly once although workers are killed while they end and fold executions."""

from podline import Client
from tests.support.standalone import Standalone, submit_many
from tests.support.waiting import wait_until

HOW_MANY = 20
KILLS = 2


def counted(client: Client) -> int:
    return sum(day.executions for day in client.usage())


def test_each_execution_counts_once(standalone: Standalone) -> None:
    with standalone.client() as client:
        wait_until(lambda: standalone.store().usage.unfolded(1) == [])
        before = counted(client)
        ids = [each.id for each in submit_many(client, ["echo x"] * HOW_MANY)]
        for kill in range(1, KILLS + 1):
            wait_until(
                lambda at=kill * HOW_MANY // (KILLS + 2): counted(client) - before >= at,  # type: ignore[misc]  # mypy takes no default in a lambda
                within=60,
                or_fail=lambda: counted(client),
            )
            standalone.kill("worker")
        for execution_id in ids:
            assert client.wait(execution_id, timeout=90).state.terminal
        wait_until(
            lambda: counted(client) - before >= HOW_MANY, within=60, or_fail=lambda: counted(client)
        )
        assert standalone.store().usage.unfolded(1) == []
        assert counted(client) - before == HOW_MANY
