"""HTTP connection to one API: sends requests, repeats the safe ones, and maps the errors."""

import random
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx

from podline.arguments import (
    api_url,
    duration,
    header_value,
    is_loopback,
    positive_timeout,
    without_password,
)
from podline.decoding import decode, parse
from podline.errors import (
    ApiError,
    InvalidArgument,
    PodlineError,
    Problem,
    ProtocolError,
    Unreachable,
    error_of,
)

Query = Sequence[tuple[str, str]]

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0
"""Seconds. If `Retry-After` asks for a longer pause, the error is raised at once."""

_LONGEST_READ: Final = 3600.0
"""Seconds; the service itself limits a wait to one minute."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_DID_NOTHING: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_MAY_HAVE_DONE_IT: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})


class Connection:
    """A thread-safe pool of authenticated connections to one API."""

    def __init__(self, url: str, key: str | None, timeout: float, retries: int) -> None:
        self._timeout = positive_timeout(timeout)
        self._retries = retries
        parsed = api_url(url)
        self._shown_url = without_password(parsed).rstrip("/")
        headers = {"Authorization": f"Bearer {header_value('the key', key)}"} if key else {}
        try:
            self._http = httpx.Client(
                base_url=parsed,
                headers=headers,
                timeout=timeout,
                trust_env=not is_loopback(parsed.host),
            )
        except (httpx.InvalidURL, ValueError, OSError, ImportError) as error:
            # A proxy or certificate from the environment.
            raise InvalidArgument(f"can't connect to {self._shown_url}: {error}") from error

    def close(self) -> None:
        self._http.close()

    def request(
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
    ) -> object:
        """Send a request and return the response's JSON, or None if it has no body.

        `repeatable`: sending the request twice has the same effect as once, as for every GET.
        `answers`: statuses that are not errors, in addition to 2xx.
        `server_may_take`: seconds to add to the timeout because the server waits before it answers.
        """
        request = self._request(method, path, server_may_take, query, body, headers)
        response = self._send(request, repeatable=repeatable or method == "GET", answers=answers)
        return parse(response.content, self._shown_url + path) if response.content else None

    def content(self, path: str) -> bytes:
        """Return the bytes of a response to GET."""
        return self._send(self._request("GET", path, 0), repeatable=True).content

    @contextmanager
    def stream(
        self, path: str, headers: Mapping[str, str], silence: float
    ) -> Iterator[Iterator[bytes]]:
        """Stream a response. Raises Unreachable if it breaks or is silent for `silence` seconds."""
        request = self._request("GET", path, silence - self._timeout, headers=headers)
        response = self._send(request, repeatable=True, stream=True)
        try:
            if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                raise ProtocolError(f"{self._shown_url}{path} did not return a stream")
            yield _chunks(response, path)
        finally:
            response.close()

    def _request(
        self,
        method: str,
        path: str,
        server_may_take: float,
        query: Query = (),
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        if self._http.is_closed:
            raise PodlineError("this client is closed")
        read = min(self._timeout + duration(server_may_take), _LONGEST_READ)
        sent = {name: header_value(name, value) for name, value in (headers or {}).items()}
        try:
            return self._http.build_request(
                method,
                path,
                params=list(query),
                json=body,
                headers=sent,
                timeout=httpx.Timeout(self._timeout, read=read),
            )
        except UnicodeEncodeError as error:
            raise InvalidArgument("text that UTF-8 can't encode can't be sent") from error
        except (httpx.InvalidURL, ValueError, TypeError, RecursionError) as error:
            raise InvalidArgument(f"the request can't be sent: {error}") from error

    def _send(
        self,
        request: httpx.Request,
        *,
        repeatable: bool,
        answers: Container[int] = (),
        stream: bool = False,
    ) -> httpx.Response:
        pauses = (_FIRST_PAUSE * 2**retry for retry in range(self._retries))
        while True:
            try:
                return self._send_once(request, answers, stream=stream)
            except (Unreachable, ApiError) as error:
                pause = next(pauses, None)
                if pause is None or not _worth_repeating(error, repeatable):
                    raise
                time.sleep(_asked_for(error) or random.uniform(pause / 2, pause))

    def _send_once(
        self, request: httpx.Request, answers: Container[int], *, stream: bool
    ) -> httpx.Response:
        try:
            response = self._http.send(request, stream=stream)
            if not (response.is_success or response.status_code in answers):
                response.read()
                raise error_of(_problem(response))
        except httpx.RequestError as error:
            where = self._shown_url + request.url.path
            raise Unreachable(f"no response from {where}: {_reason(error)}") from error
        return response


def _worth_repeating(error: PodlineError, repeatable: bool) -> bool:
    if not isinstance(error, ApiError):
        return repeatable or isinstance(error.__cause__, _NEVER_SENT)
    if _asked_for(error) > _LONGEST_PAUSE:
        return False
    status = error.problem.status
    return status in _DID_NOTHING or (repeatable and status in _MAY_HAVE_DONE_IT)


def _asked_for(error: PodlineError) -> float:
    """Return the seconds that the service asks the client to wait, or 0."""
    return (error.problem.retry_after or 0) if isinstance(error, ApiError) else 0


def _chunks(response: httpx.Response, path: str) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes()
    except httpx.RequestError as error:
        raise Unreachable(f"the response from {path} broke off: {_reason(error)}") from error


def _problem(response: httpx.Response) -> Problem:
    facts = {
        "status": response.status_code,
        "request_id": response.headers.get("X-Request-Id"),
        "retry_after": _seconds(response.headers.get("Retry-After")),
    }
    try:
        document = parse(response.content, "the API")
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
    return str(error) or type(error).__name__
