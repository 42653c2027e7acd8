"""What a type checker sees. `make check` is the test: an unused `type: ignore` is an error too."""

from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import assert_type

from podline import (
    ApiError,
    AsyncClient,
    Client,
    DeadLetter,
    Execution,
    NewKey,
    Program,
    StreamEvent,
)


def blocking(client: Client, execution: Execution) -> None:
    assert_type(client.run("x", language="c"), Execution)
    assert_type(client.submit_many([Program(language="c")]), tuple[Execution | ApiError, ...])
    assert_type(client.list(state="queued"), Generator[Execution, None, None])
    assert_type(client.stream("01J"), Generator[StreamEvent, None, None])
    assert_type(client.save_artifacts(execution, "."), tuple[Path, ...])
    assert_type(client.submission("01J"), Mapping[str, object])
    assert_type(client.dead_letters.list(), Generator[DeadLetter, None, None])
    assert_type(client.keys.create("bob", cpu_day=1), NewKey)
    client.run("x")  # type: ignore[call-arg]  # no language
    client.run("x", langauge="c")  # type: ignore[call-arg]  # a misspelled name
    client.run("x", language=3)  # type: ignore[arg-type]  # no text
    client.get(1)  # type: ignore[arg-type]  # no text
    client.get("01J", timeout="1")  # type: ignore[arg-type]  # no number


async def awaited(client: AsyncClient, execution: Execution) -> None:
    assert_type(await client.run("x", language="c"), Execution)
    many = await client.submit_many([Program(language="c")])
    assert_type(many, tuple[Execution | ApiError, ...])
    assert_type(client.list(state="queued"), AsyncGenerator[Execution, None])
    assert_type(client.stream("01J"), AsyncGenerator[StreamEvent, None])
    assert_type(await client.save_artifacts(execution, "."), tuple[Path, ...])
    assert_type(client.dead_letters.list(), AsyncGenerator[DeadLetter, None])
    assert_type(await client.keys.create("bob", cpu_day=1), NewKey)
    await client.run("x")  # type: ignore[call-arg]  # no language
    await client.list()  # type: ignore[misc]  # not to be awaited
    client.get("01J").state  # type: ignore[attr-defined]  # noqa: B018  # not awaited
