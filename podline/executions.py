"""The calls for executions that exist."""

import time
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Final, Unpack

from podline import artifacts, streaming
from podline.arguments import path_segment
from podline.calls import Calls, Items, Mode, call, iteration
from podline.deadline import Deadline
from podline.decoding import decode
from podline.errors import Conflict, ProtocolError, Unavailable, Unreachable, WaitTimeout
from podline.filters import ExecutionFilter, query_of
from podline.models import Event, Execution, State
from podline.pages import items, pages
from podline.patience import Patience
from podline.streaming import EndEvent, StateEvent, StreamEvent

EXECUTIONS: Final = "/api/v1/executions"
LONGEST_WAIT: Final = 30.0
"""Seconds that one request waits: less than the minute after which many proxies hang up."""

_SHORTEST_WAIT: Final = 0.1
"""Seconds between two requests if the service answers at once instead of waiting."""
_UNKNOWN: Final = "not known to have ended"


class ExecutionCalls(Calls[Mode]):
    """What a client does with executions."""

    @call
    async def get(self, execution_id: str, *, timeout: float | None = None) -> Execution:
        """Return the execution's current state. Raises NotFound."""
        answer = await self._connection.request(
            "GET", path_of(execution_id), deadline=Deadline.of_call(timeout)
        )
        return decode(Execution, answer)

    @call
    async def wait(self, execution_id: str, *, timeout: float | None = None) -> Execution:
        """Return the execution once it is terminal. Raises WaitTimeout after `timeout` seconds.

        Keeps waiting while the service is unavailable for a few seconds, as in a restart.
        """
        return await self._wait(execution_id, Deadline(timeout))

    async def _wait(self, execution_id: str, deadline: Deadline) -> Execution:
        patience = Patience(self._connection)
        while True:
            asked = time.monotonic()
            try:
                execution = await self._awaited(execution_id, deadline)
            except (Unreachable, Unavailable) as error:
                if deadline.passed:
                    raise
                await patience.use(error)
                continue
            patience.restore()
            if execution.state.terminal:
                return execution
            if deadline.passed:
                raise WaitTimeout(execution_id, execution.state)
            if time.monotonic() - asked < _SHORTEST_WAIT:
                await self._connection.sleep(_SHORTEST_WAIT)

    async def _awaited(self, execution_id: str, deadline: Deadline) -> Execution:
        seconds = wait_of(deadline)
        answer = await self._connection.request(
            "GET",
            path_of(execution_id),
            query=wait_query(seconds),
            server_may_take=seconds,
        )
        return decode(Execution, answer)

    @iteration
    def list(
        self,
        *,
        page_size: int | None = None,
        timeout: float | None = None,
        **filter: Unpack[ExecutionFilter],
    ) -> Items[Execution]:
        """List your executions, newest first. `timeout` is that of each page."""
        query = query_of(filter)
        query += [("limit", str(page_size))] if page_size is not None else []
        return pages(self._connection, EXECUTIONS, Execution, query, timeout=timeout)

    @call
    async def submission(
        self, execution_id: str, *, timeout: float | None = None
    ) -> Mapping[str, object]:
        """Return what was submitted, in the form of the API. Raises NotFound."""
        path = path_of(execution_id, "submission")
        answer = await self._connection.request("GET", path, deadline=Deadline.of_call(timeout))
        if not isinstance(answer, Mapping):
            raise ProtocolError(f"{path} did not return an object")
        return answer

    @call
    async def stdout(self, execution_id: str, *, timeout: float | None = None) -> bytes:
        """Return everything that the program printed on stdout. Raises NotFound before its end."""
        path = path_of(execution_id, "stdout")
        return await self._connection.content(path, Deadline.of_call(timeout))

    @call
    async def stderr(self, execution_id: str, *, timeout: float | None = None) -> bytes:
        """Return everything that the program printed on stderr. Raises NotFound before its end."""
        path = path_of(execution_id, "stderr")
        return await self._connection.content(path, Deadline.of_call(timeout))

    @call
    async def cancel(self, execution_id: str, *, timeout: float | None = None) -> Execution:
        """Cancel the execution. Raises Conflict if it is terminal."""
        deadline, path = Deadline.of_call(timeout), path_of(execution_id, "cancel")
        try:
            answer = await self._connection.request(
                "POST", path, repeatable=True, deadline=deadline
            )
        except Conflict as error:
            if not error.in_doubt:
                raise
            now = await self._connection.request("GET", path_of(execution_id), deadline=deadline)
            execution = decode(Execution, now)
            if execution.state is not State.CANCELLED:
                raise
            return execution
        return decode(Execution, answer)

    @call
    async def retry(self, execution_id: str, *, timeout: float | None = None) -> Execution:
        """Run the program again, as a new execution. Repeated calls return the same one."""
        answer = await self._connection.request(
            "POST",
            path_of(execution_id, "retry"),
            repeatable=True,
            deadline=Deadline.of_call(timeout),
        )
        return decode(Execution, answer)

    @call
    async def delete(self, execution_id: str, *, timeout: float | None = None) -> None:
        """Erase the program and its result. Raises Conflict if the execution isn't terminal."""
        await self._connection.delete(path_of(execution_id), Deadline.of_call(timeout))

    @call
    async def events(self, execution_id: str, *, timeout: float | None = None) -> tuple[Event, ...]:
        """List the execution's events, oldest first. Raises NotFound."""
        return await items(
            self._connection, path_of(execution_id, "events"), Event, timeout=timeout
        )

    @call
    async def artifact(
        self, execution_id: str, name: str, *, timeout: float | None = None
    ) -> bytes:
        """Return a file that the program created. Raises NotFound."""
        return await self._artifact(execution_id, name, Deadline.of_call(timeout))

    async def _artifact(self, execution_id: str, name: str, deadline: Deadline) -> bytes:
        segments = "/".join(path_segment(part) for part in name.split("/"))
        return await self._connection.content(
            path_of(execution_id, f"artifacts/{segments}"), deadline
        )

    @call
    async def save_artifacts(
        self, execution: Execution, folder: str | Path, *, timeout: float | None = None
    ) -> tuple[Path, ...]:
        """Save all files that the program created in a folder, and return their paths.

        Raises ProtocolError for a name that would lead out of the folder, and OSError.
        """
        deadline = Deadline.of_call(timeout)
        paths = []
        for kept in execution.result.artifacts if execution.result else ():
            content = await self._artifact(execution.id, kept.name, deadline)
            saved = await self._connection.apart(artifacts.save, Path(folder), kept, content)
            paths.append(saved)
        return tuple(paths)

    @iteration
    async def stream(
        self, execution_id: str, *, timeout: float | None = None
    ) -> Items[StreamEvent]:
        """Yield states, output and ends of tests as they arrive, the result, and an EndEvent.

        Continues where it stopped after a broken connection or a short outage of the service.
        Raises WaitTimeout after `timeout` seconds.
        """
        path, state = path_of(execution_id, "stream"), _UNKNOWN
        events = streaming.stream(self._connection, path, Deadline(timeout))
        async with aclosing(events):
            async for event in events:
                yield event
                if isinstance(event, EndEvent):
                    return
                if isinstance(event, StateEvent):
                    state = event.state
        raise WaitTimeout(execution_id, state)


def path_of(execution_id: str, part: str | None = None) -> str:
    """Return the path of an execution, or of a part of it."""
    path = f"{EXECUTIONS}/{path_segment(execution_id)}"
    return path if part is None else f"{path}/{part}"


def wait_of(deadline: Deadline) -> float:
    """Return the seconds that the next request should wait for the end of an execution."""
    return min(LONGEST_WAIT, deadline.remaining(otherwise=LONGEST_WAIT))


def wait_query(seconds: float | None) -> list[tuple[str, str]]:
    return [] if seconds is None else [("wait", f"{seconds:g}")]
