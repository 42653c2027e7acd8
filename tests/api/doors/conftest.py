"""Doors on in-memory twins."""

import pytest

from tests.support.doors import DoorClient, open_door


@pytest.fixture
def piston() -> DoorClient:
    return open_door("piston")


@pytest.fixture
def judge0() -> DoorClient:
    return open_door("judge0")
