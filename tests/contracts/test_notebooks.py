"""What every place for notebooks does."""

import pytest

from app.infrastructure.memory.notebooks import MemoryNotebooks
from app.infrastructure.redis.notebooks import RedisNotebooks
from app.ports import Notebooks
from tests.support.waiting import wait_until


@pytest.fixture(params=["memory", "redis"])
def notebooks(request: pytest.FixtureRequest) -> Notebooks:
    if request.param == "memory":
        return MemoryNotebooks()
    return RedisNotebooks(request.getfixturevalue("redis_client"))


def test_each_has_the_execution_that_was_put_last(notebooks: Notebooks) -> None:
    notebooks.put("a", "first", 60)
    notebooks.put("b", "other", 60)
    notebooks.put("a", "second", 60)
    assert notebooks.get("a") == "second"
    assert notebooks.get("b") == "other"
    assert notebooks.get("c") is None


def test_one_is_removed_even_if_it_is_not_there(notebooks: Notebooks) -> None:
    notebooks.put("a", "first", 60)
    notebooks.put("b", "other", 60)
    for _ in range(2):
        notebooks.remove("a")
    assert notebooks.get("a") is None
    assert notebooks.get("b") == "other"


def test_they_expire_unless_they_are_put_again(notebooks: Notebooks) -> None:
    notebooks.put("a", "first", 0.001)
    notebooks.put("b", "other", 0.001)
    notebooks.put("b", "other", 60)
    wait_until(lambda: notebooks.get("a") is None)
    assert notebooks.get("b") == "other"
