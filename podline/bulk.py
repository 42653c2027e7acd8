"""The calls that change all executions that match a filter."""

from datetime import UTC, datetime
from typing import Unpack

from podline.calls import Calls, Mode, call
from podline.deadline import Deadline
from podline.decoding import decode
from podline.executions import EXECUTIONS
from podline.filters import BulkAction, BulkDone, ExecutionFilter, selection_of


class BulkCalls(Calls[Mode]):
    """What a client does with many executions at once."""

    @call
    async def count(
        self,
        action: BulkAction,
        *,
        timeout: float | None = None,
        **filter: Unpack[ExecutionFilter],
    ) -> int:
        """Count the executions that `cancel_all`, `retry_all` or `delete_all` would change.

        `action` is `cancel`, `retry` or `delete`. Counts up to 1,000.
        """
        deadline = Deadline.of_call(timeout)
        return (await self._bulk(action, filter, deadline, dry_run=True)).remaining

    @call
    async def cancel_all(
        self, *, timeout: float | None = None, **filter: Unpack[ExecutionFilter]
    ) -> int:
        """Cancel all matching executions that are not terminal. Returns how many it cancelled."""
        return await self._all("cancel", filter, Deadline.of_call(timeout))

    @call
    async def retry_all(
        self, *, timeout: float | None = None, **filter: Unpack[ExecutionFilter]
    ) -> int:
        """Retry all matching executions that are terminal and were not retried.

        Returns how many it retried. By default, `until` is the time of this call, so that no retry
        is retried in turn.
        """
        until = filter.get("until") or datetime.now(UTC)
        return await self._all("retry", {**filter, "until": until}, Deadline.of_call(timeout))

    @call
    async def delete_all(
        self, *, timeout: float | None = None, **filter: Unpack[ExecutionFilter]
    ) -> int:
        """Erase all matching executions that are terminal. Returns how many it erased."""
        return await self._all("delete", filter, Deadline.of_call(timeout))

    async def _all(self, action: BulkAction, filter: ExecutionFilter, deadline: Deadline) -> int:
        total = 0
        while True:
            answer = await self._bulk(action, filter, deadline, dry_run=False)
            total += answer.done
            if not answer.remaining or not answer.done:
                return total

    async def _bulk(
        self, action: BulkAction, filter: ExecutionFilter, deadline: Deadline, *, dry_run: bool
    ) -> BulkDone:
        answer = await self._connection.request(
            "POST",
            f"{EXECUTIONS}/{action}",
            body=selection_of(filter) | {"dry_run": dry_run},
            repeatable=True,
            deadline=deadline,
        )
        return decode(BulkDone, answer)
