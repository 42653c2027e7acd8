"""How the adapter handles the API server's two kinds of 409 when it creates an object."""

from http import HTTPStatus
from pathlib import Path

import pytest

from app.domain.errors import RuntimeUnavailable
from app.infrastructure.kubernetes.connection import Connection
from tests.support.kubernetes.api_server import Say, api_server, refused

QUOTA_CHANGED = refused(HTTPStatus.CONFLICT, "Conflict")
"""Another object was counted in the same ResourceQuota at the same time."""
IS_THERE = refused(HTTPStatus.CONFLICT, "AlreadyExists")
MADE = Say(b"{}", HTTPStatus.CREATED)


@pytest.mark.parametrize("last", [MADE, IS_THERE], ids=["made", "is there"])
def test_it_asks_again_when_the_quota_changed_meanwhile(tmp_path: Path, last: Say) -> None:
    with api_server(tmp_path, QUOTA_CHANGED, QUOTA_CHANGED, last) as server:
        answer = Connection("podline", server.kubeconfig).post("/pods", {}, expects=())

        assert answer.status == last.status
        assert len(server.requests) == 3


def test_a_quota_that_changes_all_the_time_is_the_clusters_fault(tmp_path: Path) -> None:
    with (
        api_server(tmp_path, QUOTA_CHANGED) as server,
        pytest.raises(RuntimeUnavailable, match="409: it said Conflict"),
    ):
        Connection("podline", server.kubeconfig).post("/pods", {}, expects=())
