"""Containers of hosts: they come, drain and die, while programs run."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from podline import Client, Language, Outcome
from tests.compose.conftest import PROJECT, Stack, docker
from tests.support.local_packages import only_wheels_in, wheel
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(2400)]

SLEEPS = "import time; time.sleep({}); print('done')"
BURST = 36
LONG = 30
"""Seconds: on a busy machine, a container is killed long after it was seen to be at work."""


@pytest.fixture(scope="module")
def hosts(stack: Stack) -> Iterator[Stack]:
    """The service with one host. Afterwards, it has its sandbox again."""
    with_hosts = stack.with_hosts()
    with_hosts.start()
    wait_until(lambda: shown(with_hosts.client()))
    yield with_hosts
    stack.compose("up", "--detach", "--remove-orphans")


def shown(client: Client) -> set[str | None]:
    return {place.name for place in client.workers().places if not place.draining}


def scale(hosts: Stack, count: int) -> None:
    """Wait until the API shows them, too."""
    hosts.compose("up", "--detach", "--no-recreate", "--scale", f"host={count}", "host")
    wait_until(lambda: len(shown(hosts.client())) == count, within=120)


def python(client: Client) -> Language:
    return next(language for language in client.languages() if language.name == "python")


def submitted(client: Client, count: int, seconds: int = 2) -> list[str]:
    source, limits = SLEEPS.format(seconds), {"wall_seconds": seconds + 30}
    return [client.submit(source, language="python", limits=limits).id for _ in range(count)]


def ended(client: Client, ids: list[str]) -> Counter[tuple[Outcome | None, int]]:
    """How often each outcome and number of attempts."""
    rows = [client.wait(id, timeout=240) for id in ids]
    assert {row.result and row.result.stdout for row in rows} == {"done\n"}
    return Counter((row.outcome, row.attempt) for row in rows)


def test_scaled_up_and_down_under_load_it_spends_no_attempt(hosts: Stack) -> None:
    client = hosts.client()
    ids = submitted(client, BURST)
    scale(hosts, 3)
    ids += submitted(client, BURST)
    wait_until(lambda: {client.get(id).place for id in ids} >= shown(client), within=60)
    scale(hosts, 1)
    assert ended(client, ids) == {(Outcome.SUCCESS, 1): 2 * BURST}
    assert len({client.get(id).place for id in ids}) == 3


def test_what_a_killed_host_ran_runs_elsewhere(hosts: Stack) -> None:
    client = hosts.client()
    scale(hosts, 2)
    victim, _ = hosts.containers("host")
    ids = submitted(client, 8, LONG)

    def running_there() -> set[str]:
        rows = [client.get(id) for id in ids]
        return {
            row.id for row in rows if row.state == "running" and victim.startswith(str(row.place))
        }

    wait_until(running_there)
    docker("kill", victim)
    hosts.compose("restart", "host-workers")
    found = ended(client, ids)
    assert found.keys() <= {(Outcome.SUCCESS, 1), (Outcome.SUCCESS, 2)}
    assert found[Outcome.SUCCESS, 2]
    scale(hosts, 2)


def test_all_hosts_share_the_packages_of_one_volume(hosts: Stack) -> None:
    scale(hosts, 2)
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        wheel(Path(name), "greeting", "1.0", {"greeting.py": "WORD = 'hello'\n"}).chmod(0o644)
        variables = [
            f"--env={name}={value}" for name, value in only_wheels_in(Path("/wheels")).items()
        ]
        docker(
            *("run", "--rm", "--network=none", "--user=sandbox", f"--volume={name}:/wheels:ro"),
            f"--volume={PROJECT}_host-packages:/var/lib/sandbox/sandbox/packages",
            *("--env=PODLINE_DATA_DIR=/var/lib/sandbox", *variables),
            *("podline", "podline", "packages", "add", "python", "greeting"),
        )
    client = hosts.client()
    wait_until(lambda: python(client).packages == {"greeting": "1.0"})
    source = "import greeting, time; time.sleep(1); print(greeting.WORD)"
    ids = [client.submit(source, language="python").id for _ in range(8)]
    rows = [client.wait(id) for id in ids]
    assert {row.result and row.result.stdout for row in rows} == {"hello\n"}
    assert len({row.place for row in rows}) == 2


def test_a_host_has_neither_network_nor_secrets(hosts: Stack) -> None:
    for container in json.loads(docker("inspect", *hosts.containers("host"))):
        host = container["HostConfig"]
        assert host["NetworkMode"] == "none"
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert container["Config"]["User"] == "sandbox"
        assert "/run/secrets" not in str(host["Binds"])
