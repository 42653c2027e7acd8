"""The watch lists, watches and resumes, and lists again where it can't resume."""

import json
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.errors import RuntimeUnavailable
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.idle import Idle
from app.infrastructure.kubernetes.manifest import AHEAD, END, FOLLOWS, LABELS, RUNS
from app.infrastructure.kubernetes.room import Room
from app.infrastructure.kubernetes.watch import PodWatch
from tests.support.kubernetes.api_server import ApiServer, Say, api_server, events, listed


def a_pod(
    name: str, *, runs: bool = False, version: str = "2", how_often: int = 1
) -> dict[str, Any]:
    state = {"running": {"startedAt": "2026-01-02T02:54:05Z"}}
    statuses = [{"name": name, "state": state} for name in ("collector", "main") if runs]
    annotations = {RUNS: str(how_often)}
    metadata = {"name": name, "labels": LABELS, "annotations": annotations}
    return {
        "metadata": metadata | {"resourceVersion": version},
        "status": {"containerStatuses": statuses},
    }


def seen(server: ApiServer, how_many: int) -> list[str]:
    watch = PodWatch(Connection("podline", server.kubeconfig), Room(), Idle())
    return list(islice(watch.changes(lambda: False), how_many))


def versions_asked_for(server: ApiServer) -> list[str | None]:
    """The version from which each request watches; None for a list."""
    queries = [parse_qs(urlsplit(path).query) for path in server.requests]
    return [query.get("resourceVersion", [None])[0] for query in queries]


def test_changes_of_phase_are_reported_and_nothing_else(tmp_path: Path) -> None:
    reported = [
        ("ADDED", a_pod("waits")),
        ("MODIFIED", a_pod("a", runs=True)),
        ("MODIFIED", a_pod("a", runs=True)),
        ("MODIFIED", a_pod("b", runs=True)),
        ("DELETED", a_pod("b", runs=True)),
    ]
    with api_server(tmp_path, listed(a_pod("a"), a_pod("b")), events(*reported)) as server:
        assert seen(server, 3) == ["a", "b", "b"]


def test_it_continues_from_the_last_version_it_heard_of(tmp_path: Path) -> None:
    bookmark = {"metadata": {"resourceVersion": "7"}}
    answers = [
        listed(version="5"),
        events(("BOOKMARK", bookmark)),
        events(("MODIFIED", a_pod("a", runs=True, version="8"))),
        events(("MODIFIED", a_pod("b", runs=True, version="9"))),
    ]
    with api_server(tmp_path, *answers) as server:
        assert seen(server, 2) == ["a", "b"]
        assert versions_asked_for(server) == [None, "5", "7", "8"]


@pytest.mark.parametrize(
    "expired",
    [
        Say(b'{"message": "too old resource version"}', status=410),
        events(("ERROR", {"code": 410, "message": "too old resource version"})),
    ],
    ids=["as a status", "as an event"],
)
def test_a_version_that_is_too_old_has_it_list_again(tmp_path: Path, expired: Say) -> None:
    """Changes made meanwhile are reported then, and so are deletions."""
    before = [a_pod("a"), a_pod("gone", runs=True)]
    after = [a_pod("a", runs=True), a_pod("new")]
    with api_server(tmp_path, listed(*before), expired, listed(*after, version="9")) as server:
        assert seen(server, 2) == ["a", "gone"]
        assert versions_asked_for(server) == [None, "1", None]


@pytest.mark.parametrize(
    "last",
    [
        events(("MODIFIED", a_pod("a")), cut_off=True),
        Say(b'{"type": "MODI\n'),
        Say(b"{}", status=500),
        Say(b"not for you", status=401),
        Say(b"{}", status=429),
    ],
    ids=["cut off", "no JSON", "500", "401", "429"],
)
def test_a_watch_that_broke_says_so(tmp_path: Path, last: Say) -> None:
    with api_server(tmp_path, listed(), last) as server, pytest.raises(RuntimeUnavailable):
        seen(server, 1)


def test_ends_of_runs_are_seen_in_the_last_line_of_a_log(tmp_path: Path) -> None:
    """Only of a running pod that has several. One that can't be looked at is left alone."""
    running = [a_pod("one", runs=True), a_pod("three", runs=True, how_often=3), a_pod("x")]
    answers = [
        listed(*running),
        *(events(), Say(last_line({"stage": 1, "of": 3, **FRAME}))),
        *(events(), Say(last_line({"stage": 2, "of": 3, **FRAME}))),
        *(events(), Say(last_line({"stage": 2, "of": 3, **FRAME}))),
        *(events(), Say(last_line({"ended": {"stage": 2, **ENDED}}))),
        *(events(), Say(b"no kubelet", status=500)),
        events(("MODIFIED", a_pod("one", runs=True, version="3"))),
        events(("DELETED", a_pod("one", runs=True, version="4"))),
    ]
    with api_server(tmp_path, *answers) as server:
        assert seen(server, 3) == ["three", "three", "one"]
        logs = [path for path in server.requests if "/log?" in path]
        assert len(logs) == 5
        assert all("/three/log?" in path and "tailLines=1" in path for path in logs)


FRAME = {"sequence": 1, "stream": "stdout", "offset": 0, "content": ""}
ENDED = {
    "status": 0,
    "wall_us": 1,
    "cpu_us": 1,
    "peak_kib": 1,
    "stopped_by": None,
    "frames": 1,
    "stdout_truncated": False,
    "stderr_truncated": False,
}


def last_line(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    looks = iter([False, False])
    with api_server(tmp_path, listed(), events()) as server:
        watch = PodWatch(Connection("podline", server.kubeconfig), Room(), Idle())
        assert list(watch.changes(lambda: next(looks, True))) == []


def test_what_is_no_answer_of_an_api_server_is_no_answer(tmp_path: Path) -> None:
    """For example, the error page of a proxy."""
    with api_server(tmp_path, Say(b"<html>")) as server, pytest.raises(RuntimeUnavailable):
        Connection("podline", server.kubeconfig).get("/pods").json()


def ahead(attempt: str | None = None, **facts: Any) -> dict[str, Any]:
    """A pod that was started ahead, with END for its end record."""
    pod = a_pod("ahead-1", runs=True)
    labels = {AHEAD: "x"} | ({FOLLOWS: attempt} if attempt else {})
    pod["metadata"] |= {"labels": LABELS | labels, "annotations": {RUNS: "1"} | facts}
    return pod


def test_a_pod_that_was_started_ahead_is_news_when_its_attempt_ends(tmp_path: Path) -> None:
    """It has been running before. Without an attempt, its end is nobody's."""
    fault = json.dumps({"end": {"fault": "no"}})
    reported = [
        ("ADDED", ahead()),
        ("MODIFIED", ahead("an-attempt-1")),
        ("MODIFIED", ahead("an-attempt-1", **{END: fault})),
        ("DELETED", ahead("an-attempt-1", **{END: fault})),
        ("DELETED", ahead()),
        ("MODIFIED", a_pod("last", runs=True)),
    ]
    with api_server(tmp_path, listed(ahead()), events(*reported)) as server:
        assert seen(server, 2) == ["an-attempt-1", "last"]


def test_one_that_is_gone_before_its_end_was_seen_is_reported(tmp_path: Path) -> None:
    answers = [listed(ahead("an-attempt-1")), events(("DELETED", ahead("an-attempt-1")))]
    with api_server(tmp_path, *answers) as server:
        assert seen(server, 1) == ["an-attempt-1"]


def test_what_waits_for_attempts_is_counted(tmp_path: Path) -> None:
    idle = Idle()
    other, waiting = ahead(), a_pod("ahead-3")
    other["metadata"]["name"] = "ahead-2"
    waiting["metadata"]["labels"] = LABELS | {AHEAD: "x"}
    reported = [("MODIFIED", ahead("an-attempt-1")), ("MODIFIED", a_pod("last", runs=True))]
    answers = [listed(ahead(), other, waiting), events(*reported), events(("DELETED", other))]
    with api_server(tmp_path, *answers) as server:
        watch = PodWatch(Connection("podline", server.kubeconfig), Room(), idle)
        assert idle.ready() == {"x": 2}
        assert list(islice(watch.changes(lambda: False), 1)) == ["last"]
        assert idle.ready() == {"x": 1}
        list(watch.changes(lambda: len(server.requests) > 2))
        assert not idle.ready()
