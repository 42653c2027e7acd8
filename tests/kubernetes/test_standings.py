"""Which attempts have a node, which have none, and what a watch makes of that."""

import json
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.idle import Idle
from app.infrastructure.kubernetes.manifest import AHEAD, FOLLOWS, HELD_UP, LABELS
from app.infrastructure.kubernetes.observation import observation_of, without_pod
from app.infrastructure.kubernetes.room import Room, Standing
from app.infrastructure.kubernetes.standings import Standings, standing_of
from app.infrastructure.kubernetes.watch import PodWatch
from tests.support.kubernetes.api_server import Say, api_server, events, listed

PLACED, REFUSED, UNDECIDED = Standing.PLACED, Standing.REFUSED, Standing.UNDECIDED
NO_NODE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient cpu.",
}
HAS_NODE = {"type": "PodScheduled", "status": "True"}


def id_of(number: int) -> str:
    return f"01j000000000000000000000{number:02}-1"


def a_pod(
    name: str, *conditions: dict[str, str], node: str | None = None, follows: str | None = None
) -> dict[str, Any]:
    labels = LABELS | ({FOLLOWS: follows} if follows else {})
    return {
        "metadata": {"name": name, "labels": labels, "resourceVersion": "2"},
        "spec": {"nodeName": node} if node else {},
        "status": {"conditions": list(conditions)},
    }


def placed(number: int) -> dict[str, Any]:
    return a_pod(id_of(number), HAS_NODE, node="node-1")


def refused(number: int) -> dict[str, Any]:
    return a_pod(id_of(number), NO_NODE)


def an_input(number: int, why: str | None = None, **metadata: object) -> dict[str, Any]:
    annotations = {HELD_UP: why} if why else {}
    return {"name": id_of(number), "labels": LABELS, "annotations": annotations, **metadata}


@pytest.mark.parametrize(
    ("pod", "standing"),
    [
        (a_pod("new"), UNDECIDED),
        (a_pod("gated", NO_NODE | {"reason": "SchedulingGated"}), UNDECIDED),
        (refused(1), REFUSED),
        (placed(1), PLACED),
    ],
)
def test_the_node_decides(pod: dict[str, Any], standing: Standing) -> None:
    assert standing_of(pod) is standing


def test_an_observation_says_that_there_is_no_room() -> None:
    seen = observation_of(refused(1), 0)
    assert seen
    assert seen.no_room
    assert seen.message == "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."
    seen = observation_of(a_pod(id_of(1)), 0)
    assert seen
    assert not seen.no_room


@pytest.mark.parametrize(
    ("metadata", "no_room"), [(an_input(1), False), (an_input(1, "exceeded quota"), True)]
)
def test_an_observation_of_an_input_alone(metadata: dict[str, Any], no_room: bool) -> None:
    seen = without_pod(metadata)
    assert seen
    assert seen.no_room is no_room


def test_an_attempt_is_as_its_worst_pod() -> None:
    standings = Standings()
    first, checker = id_of(1), f"{id_of(1)}-c"
    standings.put_all([placed(1), a_pod(checker), a_pod(f"{first}-1", node="n", follows=first)])
    assert standings.attempts() == {first: UNDECIDED}
    standings.put(a_pod(checker, NO_NODE))
    assert standings.attempts() == {first: REFUSED}
    standings.remove(checker)
    assert standings.attempts() == {first: PLACED}
    standings.put(a_pod("somebody-s", NO_NODE))
    assert standings.attempts() == {first: PLACED}


def test_what_a_quota_holds_up_is_refused_until_it_has_a_pod() -> None:
    standings = Standings()
    deleted = an_input(4, "exceeded quota", deletionTimestamp="2026-01-02T02:54:05Z")
    owned = an_input(3, "exceeded quota", ownerReferences=[{"kind": "Pod"}])
    standings.put_inputs([an_input(1), an_input(2, "exceeded quota"), owned, deleted])
    assert standings.attempts() == {id_of(2): REFUSED}
    standings.put(placed(2))
    assert standings.attempts() == {id_of(2): PLACED}
    standings.put_inputs([])
    standings.remove(id_of(2))
    assert standings.attempts() == {}


def test_a_checker_that_a_quota_holds_up_counts_like_one_without_a_node() -> None:
    standings = Standings()
    standings.put(placed(1))
    checker = {**an_input(1, "exceeded quota"), "name": f"{id_of(1)}-c"}
    standings.put_inputs([checker])
    assert standings.attempts() == {id_of(1): REFUSED}
    standings.put(a_pod(f"{id_of(1)}-c", node="node-1"))
    assert standings.attempts() == {id_of(1): PLACED}


def test_a_watch_reports_those_that_must_give_their_slots_back(tmp_path: Path) -> None:
    """Of five pods, three find a node; admission must not count on more."""
    found = [placed(number) for number in range(3)]
    later = [("ADDED", a_pod(id_of(3))), ("MODIFIED", refused(3))]
    room = Room()
    with api_server(tmp_path, listed(*found), events(*later), events()) as server:
        watch = PodWatch(Connection("podline", server.kubeconfig), room, Idle())
        assert list(islice(watch.changes(lambda: False), 1)) == [id_of(3)]
        assert room.slots == 3


def test_a_watch_asks_for_inputs_that_a_quota_holds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.infrastructure.kubernetes.watch._SECONDS_BETWEEN_LOOKS_AT_INPUTS", -1)
    inputs = {"items": [{"metadata": an_input(number, "exceeded quota")} for number in (1, 2)]}
    answers = (listed(placed(0)), events(), Say(json.dumps(inputs).encode()), events())
    room = Room()
    with api_server(tmp_path, *answers) as server:
        watch = PodWatch(Connection("podline", server.kubeconfig), room, Idle())
        reported = list(islice(watch.changes(lambda: False), 2))
        asked = [urlsplit(path).path.rpartition("/")[2] for path in server.requests]
    assert reported == [id_of(2), id_of(1)]
    assert room.slots == 1
    assert asked == ["pods", "pods", "configmaps"]


def ahead(*, node: str | None = None, attempt: str | None = None) -> dict[str, Any]:
    pod = a_pod("ahead-1", node=node, follows=attempt)
    pod["metadata"]["labels"] |= {AHEAD: "x"}
    return pod


def test_a_pod_that_was_started_ahead_is_room_for_an_attempt_until_one_has_it() -> None:
    standings = Standings()
    standings.put(ahead())
    assert (standings.idle, standings.attempts()) == (0, {})
    standings.put(ahead(node="node-1"))
    assert (standings.idle, standings.attempts()) == (1, {})
    standings.put(ahead(node="node-1", attempt=id_of(1)))
    assert (standings.idle, standings.attempts()) == (0, {id_of(1): PLACED})

    standings.put_all([ahead(node="node-1")])
    assert standings.idle == 1
    standings.remove("ahead-1")
    assert standings.idle == 0
