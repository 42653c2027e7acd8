"""The client for Podline's API."""

import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self, Unpack

from podline import artifacts, streaming
from podline.arguments import duration, path_segment
from podline.batches import batches_of, bodies_of
from podline.connection import Connection
from podline.decoding import decode
from podline.errors import (
    ApiError,
    ProtocolError,
    Unavailable,
    Unreachable,
    WaitTimeout,
    error_of,
)
from podline.filters import BulkAction, BulkDone, ExecutionFilter, query_of, selection_of
from podline.folders import read_tests
from podline.models import (
    Batch,
    BatchItem,
    Event,
    Execution,
    HeldLimit,
    Language,
    LimitsInForce,
    Overview,
    Queue,
    Readiness,
    UsageDay,
    Workers,
)
from podline.operators import DeadLetters, EventLog, Keys, Replays
from podline.pages import items, pages
from podline.patience import Patience
from podline.streaming import StreamEvent
from podline.submission import Judged, Program, Submission, Test, body_of

DEFAULT_URL: Final = "http://127.0.0.1:8000"

_EXECUTIONS: Final = "/api/v1/executions"
_BATCHES: Final = "/api/v1/batches"
_LONGEST_WAIT: Final = 30.0
"""Seconds that one request waits: less than the minute after which many proxies hang up."""

_SHORTEST_WAIT: Final = 0.1
"""Seconds between two requests if the service answers at once instead of waiting."""


class Client:
    """A thread-safe client for one service. Close it after use, or use it in a `with` block.

    `url` and `key` default to PODLINE_URL (or http://127.0.0.1:8000) and PODLINE_KEY. `timeout` is
    the number of seconds that the service may stay silent. Requests that are safe to repeat are
    repeated up to `retries` times, with growing pauses or after `Retry-After`. The constructor and
    all methods raise only the errors in `podline.errors`.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 4,
    ) -> None:
        self.url: Final = url or os.environ.get("PODLINE_URL") or DEFAULT_URL
        self._connection = Connection(
            self.url,
            key or os.environ.get("PODLINE_KEY"),
            timeout,
            retries,
        )
        self.dead_letters: Final = DeadLetters(self._connection)
        self.event_log: Final = EventLog(self._connection)
        self.replays: Final = Replays(self._connection)
        self.keys: Final = Keys(self._connection)

    def close(self) -> None:
        """Close all connections. The client can't be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def run(
        self,
        source: str | None = None,
        *,
        timeout: float | None = None,
        **submission: Unpack[Submission],
    ) -> Execution:
        """Submit a program and wait for the end of its execution; see `wait` for `timeout`."""
        deadline = _deadline(timeout)
        execution = self.submit(source, wait=_remaining(deadline), **submission)
        return execution if execution.state.terminal else self._wait(execution.id, deadline)

    def judge(
        self,
        source: str | None = None,
        *,
        tests: Sequence[Test] | Path,
        timeout: float | None = None,
        **submission: Unpack[Judged],
    ) -> Execution:
        """Run a program on each test, and return the execution with what became of each.

        `tests` may be a folder: see `read_tests`. See `wait` for `timeout`.
        """
        found = read_tests(tests) if isinstance(tests, Path) else tests
        return self.run(source, timeout=timeout, **submission, tests=found)

    def submit(
        self,
        source: str | None = None,
        *,
        idempotency_key: str | None = None,
        wait: float | None = None,
        **submission: Unpack[Submission],
    ) -> Execution:
        """Submit a program, and wait up to `wait` seconds for the end of its execution.

        Without an `idempotency_key`, each call uses a new one, so that a repeated request never
        creates a second execution.
        """
        answer = self._connection.request(
            "POST",
            _EXECUTIONS,
            query=_wait_query(wait),
            body=body_of(source, submission),
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            repeatable=True,
            server_may_take=wait or 0,
        )
        return decode(Execution, answer)

    def submit_many(
        self, programs: Iterable[Program], *, idempotency_key: str | None = None
    ) -> tuple[Execution | ApiError, ...]:
        """Submit any number of programs, a hundred in one request.

        Returns for each program its execution, or the error that `submit` would raise, in order. A
        request that is refused as a whole raises its error, unless an earlier one was accepted: its
        programs then have that error. See `submit` for `idempotency_key`.
        """
        return self.submit_documents(bodies_of(programs), idempotency_key=idempotency_key)

    def submit_documents(
        self, documents: Iterable[Mapping[str, object]], *, idempotency_key: str | None = None
    ) -> tuple[Execution | ApiError, ...]:
        """As `submit_many`, with programs in the form of the API: see docs/api.md."""
        key = idempotency_key or str(uuid.uuid4())
        submitted: list[Execution | ApiError] = []
        for number, batch in enumerate(batches_of(documents)):
            try:
                submitted += self._submit_batch(batch, f"{key}.{number}" if number else key)
            except ApiError as error:
                if not submitted:
                    raise
                submitted += [error] * len(batch)
        return tuple(submitted)

    def _submit_batch(
        self, bodies: Sequence[object], idempotency_key: str
    ) -> Iterator[Execution | ApiError]:
        answer = self._connection.request(
            "POST",
            _BATCHES,
            body={"executions": bodies},
            headers={"Idempotency-Key": idempotency_key},
            repeatable=True,
        )
        return map(_submitted, decode(Batch, answer).items)

    def as_completed(self, submitted: Iterable[Execution | ApiError]) -> Iterator[Execution]:
        """Yield each execution once it is terminal, with its result, soonest first.

        Takes what `submit_many` returns, and skips errors and executions that were deleted. Of
        several batches, the executions of the first come first.
        """
        executions = [each for each in submitted if isinstance(each, Execution)]
        for batch_id in dict.fromkeys(each.batch_id for each in executions):
            ids = {each.id for each in executions if each.batch_id == batch_id}
            if batch_id is None:
                yield from map(self.wait, ids)
                continue
            ends = streaming.stream_of_batch(self._connection, f"{_batch(batch_id)}/stream")
            yield from (execution for execution in ends if execution.id in ids)

    def batch(self, batch_id: str) -> Batch:
        """Return a batch as it is now. Raises NotFound."""
        return decode(Batch, self._connection.request("GET", _batch(batch_id)))

    def cancel_batch(self, batch_id: str) -> Batch:
        """Cancel all executions of the batch that are not terminal."""
        answer = self._connection.request("POST", f"{_batch(batch_id)}/cancel", repeatable=True)
        return decode(Batch, answer)

    def get(self, execution_id: str) -> Execution:
        """Return the execution's current state. Raises NotFound."""
        return decode(Execution, self._connection.request("GET", _execution(execution_id)))

    def wait(self, execution_id: str, *, timeout: float | None = None) -> Execution:
        """Return the execution once it is terminal. Raises WaitTimeout after `timeout` seconds.

        Keeps waiting while the service is unavailable for a few seconds, as in a restart.
        """
        return self._wait(execution_id, _deadline(timeout))

    def _wait(self, execution_id: str, deadline: float | None) -> Execution:
        patience = Patience()
        while True:
            asked = time.monotonic()
            try:
                execution = self._awaited(execution_id, _remaining(deadline))
            except (Unreachable, Unavailable) as error:
                patience.use(error)
                continue
            patience.restore()
            if execution.state.terminal:
                return execution
            if deadline is not None and time.monotonic() >= deadline:
                raise WaitTimeout(execution_id, execution.state)
            if time.monotonic() - asked < _SHORTEST_WAIT:
                time.sleep(_SHORTEST_WAIT)

    def _awaited(self, execution_id: str, seconds: float) -> Execution:
        answer = self._connection.request(
            "GET",
            _execution(execution_id),
            query=_wait_query(seconds),
            server_may_take=seconds,
        )
        return decode(Execution, answer)

    def list(
        self, *, page_size: int | None = None, **filter: Unpack[ExecutionFilter]
    ) -> Iterator[Execution]:
        """List your executions, newest first."""
        query = query_of(filter)
        query += [("limit", str(page_size))] if page_size is not None else []
        return pages(self._connection, _EXECUTIONS, Execution, query)

    def submission(self, execution_id: str) -> Mapping[str, object]:
        """Return what was submitted, in the form of the API."""
        path = f"{_execution(execution_id)}/submission"
        answer = self._connection.request("GET", path)
        if not isinstance(answer, Mapping):
            raise ProtocolError(f"{path} did not return an object")
        return answer

    def stdout(self, execution_id: str) -> bytes:
        """Return everything that the program printed on stdout. Raises NotFound before its end."""
        return self._connection.content(f"{_execution(execution_id)}/stdout")

    def stderr(self, execution_id: str) -> bytes:
        """Return everything that the program printed on stderr. Raises NotFound before its end."""
        return self._connection.content(f"{_execution(execution_id)}/stderr")

    def count(self, action: BulkAction, **filter: Unpack[ExecutionFilter]) -> int:
        """Count the executions that `cancel_all`, `retry_all` or `delete_all` would change.

        Counts up to 1,000.
        """
        return self._bulk(action, filter, dry_run=True).remaining

    def cancel_all(self, **filter: Unpack[ExecutionFilter]) -> int:
        """Cancel all matching executions that are not terminal. Returns how many it cancelled."""
        return self._all("cancel", filter)

    def retry_all(self, **filter: Unpack[ExecutionFilter]) -> int:
        """Retry all matching executions that are terminal and were not retried.

        By default, `until` is the time of this call, so that no retry is retried in turn.
        """
        until = filter.get("until") or datetime.now(UTC)
        return self._all("retry", {**filter, "until": until})

    def delete_all(self, **filter: Unpack[ExecutionFilter]) -> int:
        """Erase all matching executions that are terminal. Returns how many it erased."""
        return self._all("delete", filter)

    def _all(self, action: BulkAction, filter: ExecutionFilter) -> int:
        total = 0
        while True:
            answer = self._bulk(action, filter, dry_run=False)
            total += answer.done
            if not answer.remaining or not answer.done:
                return total

    def _bulk(self, action: BulkAction, filter: ExecutionFilter, *, dry_run: bool) -> BulkDone:
        answer = self._connection.request(
            "POST",
            f"{_EXECUTIONS}/{action}",
            body=selection_of(filter) | {"dry_run": dry_run},
            repeatable=True,
        )
        return decode(BulkDone, answer)

    def cancel(self, execution_id: str) -> Execution:
        """Cancel the execution. Raises Conflict if it is terminal."""
        answer = self._connection.request("POST", f"{_execution(execution_id)}/cancel")
        return decode(Execution, answer)

    def retry(self, execution_id: str) -> Execution:
        """Run the program again, as a new execution. Repeated calls return the same one."""
        path = f"{_execution(execution_id)}/retry"
        return decode(Execution, self._connection.request("POST", path, repeatable=True))

    def delete(self, execution_id: str) -> None:
        """Erase the program and its result. Raises Conflict if the execution isn't terminal."""
        self._connection.request("DELETE", _execution(execution_id))

    def events(self, execution_id: str) -> tuple[Event, ...]:
        """List the execution's events, oldest first."""
        return items(self._connection, f"{_execution(execution_id)}/events", Event)

    def artifact(self, execution_id: str, name: str) -> bytes:
        """Return a file that the program created. Raises NotFound."""
        segments = "/".join(path_segment(part) for part in name.split("/"))
        return self._connection.content(f"{_execution(execution_id)}/artifacts/{segments}")

    def save_artifacts(self, execution: Execution, folder: str | Path) -> tuple[Path, ...]:
        """Save all files that the program created in a folder, and return their paths.

        Raises ProtocolError for a name that would lead out of the folder, and OSError.
        """
        kept = execution.result.artifacts if execution.result else ()
        return tuple(
            artifacts.save(Path(folder), each, self.artifact(execution.id, each.name))
            for each in kept
        )

    def stream(self, execution_id: str) -> Iterator[StreamEvent]:
        """Yield states and output as they arrive, then the result, and finally an EndEvent.

        Continues where it stopped after a broken connection or a short outage of the service.
        """
        return streaming.stream(self._connection, f"{_execution(execution_id)}/stream")

    def languages(self) -> tuple[Language, ...]:
        """List the languages that the service can run."""
        return items(self._connection, "/api/v1/languages", Language)

    def limits(self) -> LimitsInForce:
        """Return the default and the maximum of every limit."""
        return decode(LimitsInForce, self._connection.request("GET", "/api/v1/limits"))

    def limits_held(self) -> tuple[HeldLimit, ...]:
        """Report what enforces each limit in the place where programs run."""
        return items(self._connection, "/api/v1/limits/held", HeldLimit)

    def usage(
        self, *, first: str | None = None, last: str | None = None, owner: str | None = None
    ) -> tuple[UsageDay, ...]:
        """List what your executions used, by day, oldest first. Operators may name an `owner`.

        `first` and `last` are days in UTC, such as 2026-01-02; by default, the last 30 days.
        """
        given = {"from": first, "to": last, "owner": owner}
        query = [(name, value) for name, value in given.items() if value is not None]
        return items(self._connection, "/api/v1/usage", UsageDay, query)

    def queue(self) -> Queue:
        """Count the queued and running executions. Needs the operator role."""
        return decode(Queue, self._connection.request("GET", "/api/v1/queue"))

    def workers(self) -> Workers:
        """List workers and beat, and where programs run. Needs the operator role."""
        return decode(Workers, self._connection.request("GET", "/api/v1/workers"))

    def overview(self, minutes: int = 60) -> Overview:
        """Return what ended in each of the last minutes. Needs the operator role."""
        query = [("minutes", str(minutes))]
        return decode(Overview, self._connection.request("GET", "/api/v1/overview", query=query))

    def readiness(self) -> Readiness:
        """Report whether the service is ready, with the state of each dependency."""
        return decode(Readiness, self._connection.request("GET", "/readyz", answers={200, 503}))


def _execution(execution_id: str) -> str:
    return f"{_EXECUTIONS}/{path_segment(execution_id)}"


def _batch(batch_id: str) -> str:
    return f"{_BATCHES}/{path_segment(batch_id)}"


def _submitted(item: BatchItem) -> Execution | ApiError:
    if item.execution is not None:
        return item.execution
    if item.problem is None:
        raise ProtocolError("an item of a batch has neither an execution nor a problem")
    return error_of(item.problem)


def _wait_query(seconds: float | None) -> list[tuple[str, str]]:
    return [] if seconds is None else [("wait", f"{seconds:g}")]


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + duration(timeout)


def _remaining(deadline: float | None) -> float:
    """Return the seconds that the next request should wait."""
    if deadline is None:
        return _LONGEST_WAIT
    return min(_LONGEST_WAIT, max(0.0, deadline - time.monotonic()))
