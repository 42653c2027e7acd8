"""compose/docker-compose.hosts.yml: which containers learn of hosts, and what those get."""

from pathlib import Path
from typing import Any

import yaml

from app.domain.policy import Policy

COMPOSE = Path(__file__).parents[2] / "compose"
SECONDS_OF_LAST_STEPS = 60


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((COMPOSE / name).read_text())["services"]
    return found


BASE, HOSTS = services("docker-compose.yml"), services("docker-compose.hosts.yml")


def test_every_role_learns_of_hosts_or_is_replaced_by_them() -> None:
    """Beat and Flower need no runtime."""
    roles = {name for name, each in BASE.items() if "-A tasks worker" in str(each.get("command"))}
    on_hosts = {"environment": {"PODLINE_RUNTIME_URL": "hosts:"}}
    assert {name: HOSTS[name] for name in (roles | {"api", "sandbox"})} == {
        name: {"scale": 0} if name in ("sandbox", "pod-creator", "pod-monitor") else on_hosts
        for name in (roles | {"api", "sandbox"})
    }


def test_a_host_is_as_closed_as_the_sandbox() -> None:
    for key in ("user", "network_mode", "read_only", "cap_drop", "security_opt", "mem_limit"):
        assert HOSTS["host"][key] == BASE["sandbox"][key]
    assert not {"secrets", "networks", "ports"} & HOSTS["host"].keys()


def test_a_daemon_that_hangs_is_unhealthy() -> None:
    """It has to answer. That its socket accepts a connection says nothing."""
    for service in (BASE["sandbox"], HOSTS["host"]):
        check = " ".join(service["healthcheck"]["test"])
        assert "python3 -m sandbox.alive /run/podline/" in check


def test_its_worker_reaches_the_stores_alone() -> None:
    workers = HOSTS["host-workers"]
    assert workers["networks"] == ["stores"]
    assert workers["secrets"] == ["database_url", "redis_url"]
    assert workers["cap_drop"] == ["ALL"]
    assert workers["security_opt"] == ["no-new-privileges"]


def test_they_share_the_sockets_alone() -> None:
    ours, theirs = (set(HOSTS[name]["volumes"]) for name in ("host", "host-workers"))
    assert ours & theirs == {"./podline.toml:/etc/podline.toml:ro", "host-sockets:/run/podline"}
    assert HOSTS["host-workers"]["command"].endswith("--daemons /run/podline")


def test_a_host_has_time_to_drain_while_its_worker_is_there() -> None:
    policy = Policy()
    longest = policy.max_wall_seconds + policy.start_timeout
    grace = HOSTS["host"]["stop_grace_period"]
    assert grace.endswith("m")
    assert 60 * int(grace.removesuffix("m")) >= longest + SECONDS_OF_LAST_STEPS
    assert HOSTS["host"]["depends_on"] == ["host-workers"]
