"""The calls that submit programs, and those for batches."""

import uuid
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final, Unpack

from podline import streaming
from podline.arguments import path_segment
from podline.batches import batches_of, bodies_of
from podline.calls import Items, Mode, call, iteration
from podline.deadline import NEVER, Deadline
from podline.decoding import decode
from podline.errors import ApiError, ProtocolError, WaitTimeout, error_of
from podline.executions import EXECUTIONS, ExecutionCalls, wait_of, wait_query
from podline.folders import read_tests
from podline.models import Batch, BatchItem, Execution
from podline.submission import Judged, Program, Submission, Test, body_of

_BATCHES: Final = "/api/v1/batches"

Submitted = tuple[Execution | ApiError, ...]
"""For each program its execution, or why it was refused."""


class SubmittingCalls(ExecutionCalls[Mode]):
    """How a client submits programs."""

    @call
    async def run(
        self,
        source: str | Path | None = None,
        *,
        timeout: float | None = None,
        **submission: Unpack[Submission],
    ) -> Execution:
        """Submit a program and wait for the end of its execution.

        See `submit` for `source`, and `wait` for `timeout`.
        """
        return await self._run(source, Deadline(timeout), submission)

    @call
    async def judge(
        self,
        source: str | Path | None = None,
        *,
        tests: Sequence[Test] | Path,
        timeout: float | None = None,
        **submission: Unpack[Judged],
    ) -> Execution:
        """Run a program on each test, and return the execution with what became of each.

        `tests` may be a folder: see `read_tests`. See `submit` for `source`, and `wait` for
        `timeout`.
        """
        deadline = Deadline(timeout)
        found = (
            await self._connection.apart(read_tests, tests) if isinstance(tests, Path) else tests
        )
        return await self._run(source, deadline, {**submission, "tests": found})

    async def _run(
        self, source: str | Path | None, deadline: Deadline, submission: Submission
    ) -> Execution:
        execution = await self._submit(source, submission, wait=wait_of(deadline))
        return execution if execution.state.terminal else await self._wait(execution.id, deadline)

    @call
    async def submit(
        self,
        source: str | Path | None = None,
        *,
        idempotency_key: str | None = None,
        wait: float | None = None,
        timeout: float | None = None,
        **submission: Unpack[Submission],
    ) -> Execution:
        """Submit a program, and wait up to `wait` seconds for the end of its execution.

        `source` is the text of the program, the path of its file, or the path of a folder, all
        files of which are submitted, except those with a hidden name. Without an
        `idempotency_key`, each call uses a new one, so that a repeated request never creates a
        second execution.
        """
        return await self._submit(
            source, submission, idempotency_key, wait, Deadline.of_call(timeout)
        )

    async def _submit(
        self,
        source: str | Path | None,
        submission: Submission,
        idempotency_key: str | None = None,
        wait: float | None = None,
        deadline: Deadline = NEVER,
    ) -> Execution:
        answer = await self._connection.request(
            "POST",
            EXECUTIONS,
            query=wait_query(wait),
            body=await self._connection.apart(body_of, source, submission),
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            repeatable=True,
            server_may_take=wait or 0,
            deadline=deadline,
        )
        return decode(Execution, answer)

    @call
    async def submit_many(
        self,
        programs: Iterable[Program],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Submitted:
        """Submit any number of programs, a hundred in one request.

        Returns for each program its execution, or the error that `submit` would raise, in order. A
        request that is refused as a whole raises its error, unless an earlier one was accepted: its
        programs then have that error. See `submit` for `idempotency_key`.
        """
        deadline = Deadline.of_call(timeout)
        bodies = await self._connection.apart(bodies_of, [*programs])
        return await self._submit_documents(bodies, idempotency_key, deadline)

    @call
    async def submit_documents(
        self,
        documents: Iterable[Mapping[str, object]],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Submitted:
        """As `submit_many`, with programs in the form of the API: see docs/api.md."""
        return await self._submit_documents(documents, idempotency_key, Deadline.of_call(timeout))

    async def _submit_documents(
        self,
        documents: Iterable[Mapping[str, object]],
        idempotency_key: str | None,
        deadline: Deadline,
    ) -> Submitted:
        key = idempotency_key or str(uuid.uuid4())
        submitted: list[Execution | ApiError] = []
        for number, batch in enumerate(batches_of(documents)):
            try:
                submitted += await self._submit_batch(
                    batch, f"{key}.{number}" if number else key, deadline
                )
            except ApiError as error:
                if not submitted:
                    raise
                submitted += [error] * len(batch)
        return tuple(submitted)

    async def _submit_batch(
        self, bodies: Sequence[object], idempotency_key: str, deadline: Deadline
    ) -> Iterator[Execution | ApiError]:
        answer = await self._connection.request(
            "POST",
            _BATCHES,
            body={"executions": bodies},
            headers={"Idempotency-Key": idempotency_key},
            repeatable=True,
            deadline=deadline,
        )
        return map(_submitted, decode(Batch, answer).items)

    @iteration
    async def as_completed(
        self, submitted: Iterable[Execution | ApiError], *, timeout: float | None = None
    ) -> Items[Execution]:
        """Yield each execution once it is terminal, with its result, soonest first.

        Takes what `submit_many` returns, and skips errors and executions that were deleted. Of
        several batches, the executions of the first come first. Raises WaitTimeout after `timeout`
        seconds.
        """
        deadline = Deadline(timeout)
        executions = [each for each in submitted if isinstance(each, Execution)]
        for batch_id in dict.fromkeys(each.batch_id for each in executions):
            of_batch = {each.id: each for each in executions if each.batch_id == batch_id}
            if batch_id is None:
                for execution_id in of_batch:
                    yield await self._wait(execution_id, deadline)
                continue
            ends = self._ends_of_batch(batch_id, of_batch, deadline)
            async with aclosing(ends):
                async for execution in ends:
                    yield execution

    async def _ends_of_batch(
        self, batch_id: str, unfinished: dict[str, Execution], deadline: Deadline
    ) -> AsyncGenerator[Execution, None]:
        path = f"{_batch(batch_id)}/stream"
        ends = streaming.stream_of_batch(self._connection, path, deadline)
        async with aclosing(ends):
            async for execution in ends:
                if unfinished.pop(execution.id, None):
                    yield execution
        if deadline.passed and unfinished:
            late = next(iter(unfinished.values()))
            raise WaitTimeout(late.id, late.state)

    @call
    async def batch(self, batch_id: str, *, timeout: float | None = None) -> Batch:
        """Return a batch as it is now. Raises NotFound."""
        answer = await self._connection.request(
            "GET", _batch(batch_id), deadline=Deadline.of_call(timeout)
        )
        return decode(Batch, answer)

    @call
    async def cancel_batch(self, batch_id: str, *, timeout: float | None = None) -> Batch:
        """Cancel all executions of the batch that are not terminal. Raises NotFound."""
        answer = await self._connection.request(
            "POST",
            f"{_batch(batch_id)}/cancel",
            repeatable=True,
            deadline=Deadline.of_call(timeout),
        )
        return decode(Batch, answer)


def _batch(batch_id: str) -> str:
    return f"{_BATCHES}/{path_segment(batch_id)}"


def _submitted(item: BatchItem) -> Execution | ApiError:
    if item.execution is not None:
        return item.execution
    if item.problem is None:
        raise ProtocolError("an item of a batch has neither an execution nor a problem")
    return error_of(item.problem)
