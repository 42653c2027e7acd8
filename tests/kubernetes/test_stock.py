"""What a process knows of the pods that are free."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import PlaceTaken, RuntimeUnavailable
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.manifest import AHEAD, FOLLOWS, LABELS
from app.infrastructure.kubernetes.stock import Stock
from tests.support.kubernetes.pod_server import PodServer, pod_server
from tests.support.waiting import wait_until

LABEL, OTHER = "python-1", "bash-1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PodServer]:
    with pod_server(tmp_path) as server:
        yield server


@pytest.fixture
def stock(server: PodServer) -> Stock:
    return Stock(Connection("podline", server.kubeconfig))


def start(server: PodServer, *names: str, label: str = LABEL) -> None:
    for name in names:
        server.put(name, {**LABELS, AHEAD: label}, phase="Pending")
        server.run(name)


def claim(server: PodServer, name: str) -> None:
    """As another process does."""
    server.pods[name]["metadata"]["labels"] = {**LABELS, AHEAD: LABEL, FOLLOWS: "other-1"}
    server.run(name)


def test_ready_pods_are_known_at_once_and_later_ones_soon(server: PodServer, stock: Stock) -> None:
    start(server, "a", "b")
    start(server, "c", label=OTHER)
    server.put("e", {**LABELS, AHEAD: LABEL}, phase="Pending")

    assert sorted(stock.names(LABEL)) == ["a", "b"]
    assert stock.names(OTHER) == ["c"]

    server.run("e")
    claim(server, "a")
    server.remove("b")
    wait_until(lambda: stock.names(LABEL) == ["e"])


def test_a_pod_is_taken_once_here(server: PodServer, stock: Stock) -> None:
    start(server, "a")
    stock.names(LABEL)
    known = stock.take("a", "mine-1")
    assert known
    assert known["metadata"]["name"] == "a"

    with pytest.raises(PlaceTaken):
        stock.take("a", "other-1")
    assert stock.take("a", "mine-1") is None

    server.run("a")
    start(server, "b")
    wait_until(lambda: stock.names(LABEL) == ["b"])


def test_a_cluster_that_was_down_is_watched_again(server: PodServer, stock: Stock) -> None:
    start(server, "a")
    assert stock.names(LABEL) == ["a"]
    server.go_down()
    wait_until(lambda: is_unavailable(stock))
    server.is_down = False
    start(server, "b")

    assert sorted(stock.names(LABEL)) == ["a", "b"]


def is_unavailable(stock: Stock) -> bool:
    try:
        stock.names(LABEL)
    except RuntimeUnavailable:
        return True
    return False


def test_without_a_cluster_the_first_question_says_so(tmp_path: Path) -> None:
    with pod_server(tmp_path) as server:
        pass
    stock = Stock(Connection("podline", server.kubeconfig))
    with pytest.raises(RuntimeUnavailable):
        stock.names(LABEL)
