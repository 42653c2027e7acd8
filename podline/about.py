"""The calls that ask the service about itself."""

from podline.about_models import (
    Disk,
    HeldLimit,
    Language,
    LimitsInForce,
    Overview,
    Queue,
    Readiness,
    SignInToken,
    UsageDay,
    Workers,
)
from podline.calls import Calls, Mode, call
from podline.deadline import Deadline
from podline.decoding import decode
from podline.pages import items


class AboutCalls(Calls[Mode]):
    """What a client can learn about the service."""

    @call
    async def languages(self, *, timeout: float | None = None) -> tuple[Language, ...]:
        """List the languages that the service can run."""
        return await items(self._connection, "/api/v1/languages", Language, timeout=timeout)

    @call
    async def limits(self, *, timeout: float | None = None) -> LimitsInForce:
        """Return the default and the maximum of every limit."""
        answer = await self._connection.request(
            "GET", "/api/v1/limits", deadline=Deadline.of_call(timeout)
        )
        return decode(LimitsInForce, answer)

    @call
    async def limits_held(self, *, timeout: float | None = None) -> tuple[HeldLimit, ...]:
        """Report what enforces each limit in the place where programs run."""
        return await items(self._connection, "/api/v1/limits/held", HeldLimit, timeout=timeout)

    @call
    async def usage(
        self,
        *,
        first: str | None = None,
        last: str | None = None,
        owner: str | None = None,
        timeout: float | None = None,
    ) -> tuple[UsageDay, ...]:
        """List what your executions used, by day, oldest first. Operators may name an `owner`.

        With the owner `*`, there is an item for each day and owner.
        `first` and `last` are days in UTC, such as 2026-01-02; by default, the last 30 days.
        """
        given = {"from": first, "to": last, "owner": owner}
        query = [(name, value) for name, value in given.items() if value is not None]
        return await items(self._connection, "/api/v1/usage", UsageDay, query, timeout=timeout)

    @call
    async def disk(self, *, timeout: float | None = None) -> Disk:
        """Report what the service has on its disk. Needs the operator role."""
        answer = await self._connection.request(
            "GET", "/api/v1/disk", deadline=Deadline.of_call(timeout)
        )
        return decode(Disk, answer)

    @call
    async def queue(self, *, timeout: float | None = None) -> Queue:
        """Count the queued and running executions. Needs the operator role."""
        answer = await self._connection.request(
            "GET", "/api/v1/queue", deadline=Deadline.of_call(timeout)
        )
        return decode(Queue, answer)

    @call
    async def workers(self, *, timeout: float | None = None) -> Workers:
        """List workers and beat, and where programs run. Needs the operator role."""
        answer = await self._connection.request(
            "GET", "/api/v1/workers", deadline=Deadline.of_call(timeout)
        )
        return decode(Workers, answer)

    @call
    async def overview(
        self, minutes: int = 60, *, step: int = 1, timeout: float | None = None
    ) -> Overview:
        """Return what ended in the last minutes, `step` at a time. Needs the operator role."""
        answer = await self._connection.request(
            "GET",
            "/api/v1/overview",
            query=[("minutes", str(minutes)), *([("step", str(step))] if step > 1 else [])],
            deadline=Deadline.of_call(timeout),
        )
        return decode(Overview, answer)

    @call
    async def sign_in_token(self, *, timeout: float | None = None) -> SignInToken:
        """Create a token that signs a browser in with this client's key, once."""
        answer = await self._connection.request(
            "POST", "/api/v1/session/token", deadline=Deadline.of_call(timeout)
        )
        return decode(SignInToken, answer)

    @call
    async def readiness(self, *, timeout: float | None = None) -> Readiness:
        """Report whether the service is ready, with the state of each dependency."""
        answer = await self._connection.request(
            "GET", "/readyz", answers={200, 503}, deadline=Deadline.of_call(timeout)
        )
        return decode(Readiness, answer)
