"""What only the client for asyncio does: many tasks in one thread, and cancelling them."""

import asyncio
import inspect
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from app.infrastructure.memory.runtime import Script
from podline import AsyncClient, Client, EndEvent, PodlineError, State
from podline.calls import run_at_once
from podline.operators import DeadLetters, EventLog, Keys, Replays
from tests.support.service import Service

CALLS: dict[str, Callable[[AsyncClient], Awaitable[object]]] = {
    "get": lambda client: client.get("01J"),
    "run": lambda client: client.run("", language="python"),
    "stream": lambda client: anext(client.stream("01J")),
    "list": lambda client: anext(client.list()),
}
BEGUN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    b'event: end\ndata: {"state": "completed"}\n\n'
)


class SilentServer:
    """Accepts connections, sends only the `greeting`, and notices when they are closed."""

    def __init__(self, greeting: bytes = b"") -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        self._greeting = greeting

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._hold, "127.0.0.1")
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self._greeting)
        await writer.drain()
        self.asked.set()
        while await reader.read(1000):
            pass
        self.left.set()
        writer.close()


@pytest.mark.parametrize("name", CALLS)
def test_cancelling_a_task_closes_its_connection(name: str) -> None:
    async def main() -> None:
        server = SilentServer()
        async with server.running() as url, AsyncClient(url, "a key", retries=0) as client:
            task = asyncio.ensure_future(CALLS[name](client))
            await server.asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(server.left.wait(), 60)

    asyncio.run(main())


def test_ending_an_iteration_closes_its_connection() -> None:
    async def main() -> None:
        server = SilentServer(BEGUN)
        async with server.running() as url, AsyncClient(url, "a key") as client:
            async with aclosing(client.stream("01J")) as events:
                assert await anext(events) == EndEvent(state=State.COMPLETED)
                assert not server.left.is_set()
            await asyncio.wait_for(server.left.wait(), 60)

    asyncio.run(main())


def test_a_blocking_iteration_closes_its_connection_even_in_a_running_loop() -> None:
    """As in a notebook, where the loop can't do it later because it is blocked."""
    left = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(BEGUN)
            while connection.recv(10_000):
                pass
        left.set()

    async def main(url: str) -> None:
        with Client(url, "a key") as client:
            events = client.stream("01J")
            assert next(events) == EndEvent(state=State.COMPLETED)
            events.close()
            assert left.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        asyncio.run(main(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        thread.join()


def test_tasks_share_a_client_and_wait_at_the_same_time(service: Service) -> None:
    service.twins.runtime.script = lambda _: Script(prints=b"hi")

    async def main() -> None:
        async with AsyncClient(service.url, service.key) as client:
            executions = await asyncio.gather(
                *(client.run(str(n), language="python") for n in range(5))
            )
            assert [each.state for each in executions] == [State.COMPLETED] * 5
            listed = [each.id async for each in client.list()]
            assert {each.id for each in executions} == set(listed)

    asyncio.run(main())


def test_a_client_stays_in_its_event_loop(service: Service) -> None:
    client = AsyncClient(service.url, service.key)

    async def ask() -> None:
        await client.languages()

    asyncio.run(ask())
    with pytest.raises(PodlineError, match="create one in each"):
        asyncio.run(ask())


def test_both_clients_have_the_same_calls() -> None:
    calls = {name for name in dir(Client) if not name.startswith("_")}
    assert calls == {name for name in dir(AsyncClient) if not name.startswith("_")}
    for name in calls:
        blocking, awaited = getattr(Client, name), getattr(AsyncClient, name)
        assert blocking.__doc__ == awaited.__doc__
        assert inspect.signature(blocking) == inspect.signature(awaited)
        assert inspect.iscoroutinefunction(awaited) != inspect.isgeneratorfunction(blocking)
        assert not inspect.iscoroutinefunction(blocking)


@pytest.mark.parametrize("cls", [Client, AsyncClient, DeadLetters, EventLog, Keys, Replays])
def test_every_call_is_documented_and_takes_a_timeout(cls: type) -> None:
    for name in (each for each in dir(cls) if not each.startswith("_")):
        assert getattr(cls, name).__doc__, name
        assert "timeout" in inspect.signature(getattr(cls, name)).parameters or name == "close"


def test_a_call_of_the_blocking_client_never_suspends() -> None:
    with pytest.raises(RuntimeError, match="suspended"):
        run_at_once(asyncio.sleep(0))
