"""The API on in-memory twins, with a key for each role."""

import pytest

from app.domain.api_key import Role
from tests.support.api_contract import Api, Connect, connector
from tests.support.twin_fixtures import no_first_look as no_first_look
from tests.support.twin_fixtures import twins as twins
from tests.support.twin_fixtures import worker as worker
from tests.support.twins import Twins, make_twins


@pytest.fixture
def connect(twins: Twins) -> Connect:
    """Makes a client: `connect("bob", Role.OPERATOR)`."""
    return connector(twins.ports)


@pytest.fixture
def api(connect: Connect) -> Api:
    """The client of a user."""
    return connect("ada", Role.USER)


@pytest.fixture(scope="module")
def lasting_api() -> Api:
    """The client of an administrator for all tests of a file, without a maximum of executions."""
    twins = make_twins(max_unfinished_per_owner=10**9, max_unfinished=10**9)
    return connector(twins.ports)("root", Role.ADMIN)


@pytest.fixture
def operator(connect: Connect) -> Api:
    return connect("otto", Role.OPERATOR)


@pytest.fixture
def admin(connect: Connect) -> Api:
    return connect("root", Role.ADMIN)
