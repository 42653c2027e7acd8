"""What `/readyz` shows to whom."""

from dataclasses import replace

import pytest

from app.domain.api_key import Role
from app.service.health import SILENT_SECONDS
from tests.support.api_contract import Api, Connect, body
from tests.support.staff import staffed
from tests.support.twins import Twins


@pytest.fixture
def hanging(twins: Twins) -> None:
    """A worker of this name hangs."""
    staffed(twins, name="secret-host:1")
    twins.clock.advance(SILENT_SECONDS + 1)
    staffed(twins, "beat", "watcher")


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_operators_see_why_a_part_is_down(connect: Connect, role: Role) -> None:
    workers = body(connect("otto", role).get("/readyz"))["parts"]["workers"]
    assert workers["state"] == "down"
    assert "secret-host:1 worker has been silent" in workers["detail"]


@pytest.mark.usefixtures("hanging")
def test_others_see_only_that_it_is(connect: Connect) -> None:
    user = connect("ada", Role.USER)
    for api in (user, replace(user, key=None), replace(user, key="wrong")):
        readiness = body(api.get("/readyz"))
        assert readiness["status"] == "degraded"
        assert readiness["parts"]["workers"] == {"state": "down", "detail": None}
        assert "secret-host" not in str(readiness)


def test_a_dependency_says_why_to_everybody(twins: Twins, connect: Connect) -> None:
    twins.runtime.unavailable = True
    nobody: Api = replace(connect("ada", Role.USER), key=None)
    assert body(nobody.get("/readyz"))["dependencies"]["runtime"]["detail"]
