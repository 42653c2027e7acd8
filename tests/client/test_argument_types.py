"""Arguments of a wrong type are refused with the package's own error, which names them."""

import inspect
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podline import (
    Client,
    InvalidArgument,
    PodlineError,
    read_program,
    read_tests,
    verify_callback,
)
from podline.calls import Calls
from podline.submission import Submission
from tests.support.both_clients import Connect

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def client(connect: Connect) -> Iterator[Client]:
    with connect(NOBODY, "key", retries=0) as client:
        yield client


SUBMISSIONS: list[tuple[dict[str, Any], str]] = [
    ({"stdin": 5}, "stdin must be text, bytes or a pathlib.Path, not int"),
    ({"args": "a b"}, "args must be a list, not str"),
    ({"args": ["a", 1]}, "args[1] must be text, not int"),
    ({"args": {"a"}}, "args must be a list, not set"),
    ({"env": ["A=1"]}, "env must be a mapping, not list"),
    ({"env": {"A": 1}}, "env['A'] must be text, not int"),
    ({"env": {1: "A"}}, "each name in env must be text, not int"),
    ({"files": ["main.py"]}, "files must be a mapping, not list"),
    ({"files": {"a": None}}, "files['a'] must be text, bytes or a pathlib.Path, not NoneType"),
    ({"limits": 5}, "limits must be a Limits or a mapping, not int"),
    ({"limits": {"memory_mib": "64"}}, "limits['memory_mib'] must be a number or None, not str"),
    ({"limits": {"memory_mib": True}}, "limits['memory_mib'] must be a number or None, not bool"),
    ({"stop_on_failure": 1}, "stop_on_failure must be True or False, not int"),
    ({"tests": {"stdin": ""}}, "tests must be a list, not dict"),
    ({"tests": [{}, "1"]}, "tests[1] must be a mapping, not str"),
    ({"tests": [{"stdin": 5}]}, "tests[0]['stdin'] must be text, bytes or a pathlib.Path"),
    ({"checker": {"source": b""}}, "checker['source'] must be text or a pathlib.Path, not bytes"),
    ({"compare": {"numbers": 1}}, "compare['numbers'] must be a mapping, not int"),
    ({"source": b"print(1)"}, "source must be text, a pathlib.Path or None, not bytes"),
    ({"language": None, "timeout": "1"}, "timeout must be a number or None, not str"),
]


@pytest.mark.parametrize(("given", "said"), SUBMISSIONS)
def test_of_a_submission(client: Client, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        client.run(**{"language": "python", **given})
    assert str(caught.value).startswith(said)


WRONG: Any = "wrong"
OTHERS: dict[str, Callable[[Any], object]] = {
    "execution_id must be text, not int": lambda c: c.get(5),
    "labels must be a mapping or None, not str": lambda c: list(c.list(labels="a=b")),
    "since must be a datetime or None, not str": lambda c: list(c.list(since="2026")),
    "types must be a list, not str": lambda c: list(c.event_log.list(types="queued")),
    "action must be 'cancel' or 'retry' or": lambda c: c.count("erase"),
    "execution must be an Execution, not str": lambda c: c.save_artifacts("01J", "."),
    "programs[0] must be a mapping, not str": lambda c: c.submit_many(iter(["x"])),
    "programs must be a list, not int": lambda c: c.submit_many(5),
    "folder must be a pathlib.Path, not str": lambda _: read_tests(WRONG),
    "body must be bytes, not str": lambda _: verify_callback(WRONG, "", ""),
    "url must be text or None, not int": lambda _: Client(len(WRONG)),  # type: ignore[arg-type]  # what the test tries
    "timeout must be a number, not str": lambda _: Client(NOBODY, timeout=WRONG),
}


@pytest.mark.parametrize("said", OTHERS)
def test_of_other_calls(client: Client, said: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        OTHERS[said](client)
    assert str(caught.value).startswith(said)


def calls() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every call of a client that reaches nobody, by its name."""
    client = Client(NOBODY, retries=0)
    parts = [part for part in vars(client).values() if isinstance(part, Calls)]
    for calls in (client, *parts):
        for name, call in inspect.getmembers(calls, inspect.ismethod):
            if not name.startswith("_") and name != "close":
                yield f"{type(calls).__name__}.{name}", call


CALLS = dict(calls())
PLAIN = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    *(st.binary(max_size=5), st.datetimes(), st.just(Path("/nowhere")), st.just(object())),
)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.sets(PLAIN, max_size=2)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)
OF_A_SUBMISSION = sorted(Submission.__annotations__)


@given(data=st.data())
def test_no_call_fails_in_another_way(data: st.DataObject) -> None:
    called = CALLS[data.draw(st.sampled_from(sorted(CALLS)))]
    arguments: dict[str, Any] = {}
    for each in inspect.signature(called).parameters.values():
        if each.kind is each.VAR_KEYWORD:
            names = st.sampled_from(OF_A_SUBMISSION) | st.just("labels") | st.just("since")
            arguments |= data.draw(st.dictionaries(names, ANYTHING, max_size=3))
        elif each.default is each.empty or data.draw(st.booleans()):
            arguments[each.name] = data.draw(ANYTHING)
    with suppress(PodlineError, OSError):
        returned = called(**arguments)
        if isinstance(returned, Generator):
            list(returned)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_function_fails_in_another_way(first: Any, second: Any, third: Any) -> None:
    for call in (
        partial(Client, first, second, timeout=third),
        partial(verify_callback, first, second, third),
        partial(read_tests, first),
        partial(read_program, first, second),
    ):
        with suppress(PodlineError, OSError):
            call()
