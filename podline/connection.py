"""HTTP connection to one API: sends requests, repeats the safe ones, and maps the errors."""

import logging
import math
import random
import ssl
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Container,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, TypeVar

import httpx

from podline.arguments import (
    api_url,
    duration,
    header_value,
    is_loopback,
    positive_timeout,
    without_password,
)
from podline.deadline import NEVER, Deadline
from podline.decoding import decode, parse
from podline.errors import (
    ApiError,
    InvalidArgument,
    NotFound,
    PodlineError,
    Problem,
    ProtocolError,
    Unreachable,
    error_of,
)
from podline.transport import Transport

log = logging.getLogger(__name__)

T = TypeVar("T")

Query = Sequence[tuple[str, str]]

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0
"""Seconds. If `Retry-After` asks for a longer pause, the error is raised at once."""

_LONGEST_READ: Final = 3600.0
"""Seconds; the service itself limits a wait to one minute."""

_SHORTEST: Final = 0.001
"""Seconds; a socket takes a timeout of zero for something else."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MAY_HAVE_DONE_IT: Final = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
"""A database that did not confirm a write in time may have written it all the same."""


class Connection:
    """A pool of authenticated connections to one API."""

    def __init__(
        self,
        url: str,
        key: str | None,
        timeout: float,
        retries: int,
        transport: Callable[..., Transport],
    ) -> None:
        self.timeout: Final = positive_timeout(timeout)
        self._retries = retries
        parsed = api_url(url)
        self._shown_url = without_password(parsed).rstrip("/")
        headers = {"Authorization": f"Bearer {header_value('the key', key)}"} if key else {}
        here = is_loopback(parsed.host)
        try:
            self._transport = transport(
                base_url=parsed,
                headers=headers,
                timeout=timeout,
                trust_env=not here,
                verify=_trusts_nobody() if here and parsed.scheme == "http" else True,
            )
        except (httpx.InvalidURL, ValueError, OSError, ImportError) as error:
            # A proxy or certificate from the environment.
            raise InvalidArgument(f"can't connect to {self._shown_url}: {error}") from error
        self.blocks: Final = self._transport.blocks
        self.close: Final = self._transport.close
        self.sleep: Final = self._transport.sleep
        self.apart: Final = self._transport.apart

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: object = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        answers: Container[int] = (),
        server_may_take: float = 0,
        deadline: Deadline = NEVER,
    ) -> object:
        """Send a request and return the response's JSON, or None if it has no body.

        `repeatable`: sending the request twice has the same effect as once, as for every GET.
        `answers`: statuses that are not errors, in addition to 2xx.
        `server_may_take`: seconds to add to the timeout because the server waits before it answers.
        `deadline`: of the request and its repetitions, instead of a timeout for each.
        """
        request = self._request(method, path, query, body, headers)
        silence = self.timeout + duration(server_may_take)
        content = await self._repeated(
            lambda: self._content_of(request, silence, deadline, answers),
            deadline,
            repeatable=repeatable or method == "GET",
        )
        return parse(content, self._shown_url + path) if content else None

    async def delete(self, path: str, deadline: Deadline = NEVER) -> None:
        """Send DELETE. If an earlier try may have deleted it, a 404 is no error."""
        try:
            await self.request("DELETE", path, repeatable=True, deadline=deadline)
        except NotFound as error:
            if not error.in_doubt:
                raise

    async def content(self, path: str, deadline: Deadline = NEVER) -> bytes:
        """Return the bytes of a response to GET."""
        request = self._request("GET", path)
        return await self._repeated(
            lambda: self._content_of(request, self.timeout, deadline), deadline, repeatable=True
        )

    @asynccontextmanager
    async def stream(
        self, path: str, headers: Mapping[str, str], silence: float, deadline: Deadline = NEVER
    ) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """Stream a response. Raises Unreachable if it breaks or is silent for `silence` seconds."""
        request = self._request("GET", path, headers=headers)
        response = await self._repeated(
            lambda: self._opened(request, silence, deadline), deadline, repeatable=True
        )
        try:
            if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                raise ProtocolError(f"{self._shown_url}{path} did not return a stream")
            yield self._transport.chunks(response)
        except httpx.RequestError as error:
            raise Unreachable(f"the response from {path} broke off: {_reason(error)}") from error
        finally:
            await self._transport.drop(response)

    def _request(
        self,
        method: str,
        path: str,
        query: Query = (),
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        if self._transport.http.is_closed:
            raise PodlineError("this client is closed: create another one")
        sent = {name: header_value(name, value) for name, value in (headers or {}).items()}
        try:
            return self._transport.http.build_request(
                method, path, params=list(query), json=body, headers=sent
            )
        except UnicodeEncodeError as error:
            raise InvalidArgument("text that UTF-8 can't encode can't be sent") from error
        except (httpx.InvalidURL, ValueError, TypeError, RecursionError) as error:
            raise InvalidArgument(f"the request can't be sent: {error}") from error

    async def _repeated(
        self, once: Callable[[], Awaitable[T]], deadline: Deadline, *, repeatable: bool
    ) -> T:
        pauses = (_FIRST_PAUSE * 2**retry for retry in range(self._retries))
        in_doubt = False
        while True:
            try:
                return await once()
            except (Unreachable, ApiError) as error:
                if isinstance(error, ApiError):
                    error.in_doubt = in_doubt
                in_doubt = in_doubt or _may_have_done_it(error)
                longest = next(pauses, None)
                if longest is None or not _worth_repeating(error, repeatable):
                    raise
                pause = _asked_for(error) or random.uniform(longest / 2, longest)
                if pause >= deadline.remaining(otherwise=math.inf):
                    raise
                if _asked_for(error):
                    log.info("waiting %.3g s, as the service asks: %s", pause, error)
            await self.sleep(pause)

    async def _content_of(
        self,
        request: httpx.Request,
        silence: float,
        deadline: Deadline,
        answers: Container[int] = (),
    ) -> bytes:
        return await self._read(await self._opened(request, silence, deadline, answers), deadline)

    async def _opened(
        self,
        request: httpx.Request,
        silence: float,
        deadline: Deadline,
        answers: Container[int] = (),
    ) -> httpx.Response:
        """Return a response whose body is still to be read. Raises the error of its status."""
        read = max(_SHORTEST, min(deadline.remaining(otherwise=silence), _LONGEST_READ))
        other = max(_SHORTEST, deadline.remaining(otherwise=self.timeout))
        request.extensions["timeout"] = httpx.Timeout(other, read=read).as_dict()
        with self._unreachable(request):
            try:
                response = await self._transport.send(request)
            except httpx.InvalidURL as error:
                raise ProtocolError(f"a redirect to no address: {error}") from error
        if response.is_success or response.status_code in answers:
            return response
        raise error_of(_problem(response, await self._read(response, deadline)))

    async def _read(self, response: httpx.Response, deadline: Deadline) -> bytes:
        """Return the body, and give the connection back."""
        content = []
        try:
            with self._unreachable(response.request):
                async for chunk in self._transport.chunks(response):
                    content.append(chunk)
                    if deadline.passed:
                        raise httpx.ReadTimeout("timed out")
        finally:
            await self._transport.drop(response)
        return b"".join(content)

    @contextmanager
    def _unreachable(self, request: httpx.Request) -> Iterator[None]:
        try:
            yield
        except httpx.RequestError as error:
            where = self._shown_url + request.url.path
            raise Unreachable(f"no response from {where}: {_reason(error)}") from error


def _worth_repeating(error: PodlineError, repeatable: bool) -> bool:
    if _asked_for(error) > _LONGEST_PAUSE:
        return False
    if _may_have_done_it(error):
        return repeatable
    return not isinstance(error, ApiError) or error.problem.status == HTTPStatus.TOO_MANY_REQUESTS


def _may_have_done_it(error: PodlineError) -> bool:
    if isinstance(error, ApiError):
        return error.problem.status in _MAY_HAVE_DONE_IT
    return not isinstance(error.__cause__, _NEVER_SENT)


def _asked_for(error: PodlineError) -> float:
    """Return the seconds that the service asks the client to wait, or 0."""
    return (error.problem.retry_after or 0) if isinstance(error, ApiError) else 0


def _trusts_nobody() -> ssl.SSLContext:
    """For connections without TLS: loading the certificates to trust would take 25 ms."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _problem(response: httpx.Response, content: bytes) -> Problem:
    facts = {
        "status": response.status_code,
        "request_id": response.headers.get("X-Request-Id"),
        "retry_after": _seconds(response.headers.get("Retry-After")),
    }
    try:
        document = parse(content, "the API")
        return decode(Problem, {**document, **facts} if isinstance(document, dict) else document)
    except ProtocolError:
        title = response.reason_phrase or f"HTTP {response.status_code}"
        return Problem(title=title, **facts)


def _seconds(retry_after: str | None) -> float | None:
    """Parse `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3). None if it is neither."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None


def _reason(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    return str(error) or type(error).__name__
