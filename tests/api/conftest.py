"""The API on in-memory twins, with a key for each role."""

from collections.abc import Iterator

import pytest

from app.domain.api_key import Role
from tests.support.api_contract import Api, Connect, connector
from tests.support.constants import changed
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker


@pytest.fixture(autouse=True, scope="package")
def no_first_look() -> Iterator[None]:
    """Don't wait in real time for a program of the twin to end."""
    with changed(monitor__FIRST_LOOK_SECONDS=0):
        yield


@pytest.fixture
def twins() -> Twins:
    return make_twins()


@pytest.fixture
def worker(twins: Twins) -> Worker:
    return Worker(twins.ports)


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
