"""One API over HTTP: sends requests, repeats those that may be repeated, names what went wrong."""

import random
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

import httpx

from podline.decoding import decode
from podline.errors import (
    ApiError,
    PodlineError,
    Problem,
    ProtocolError,
    Unreachable,
    error_of,
)

Query = Sequence[tuple[str, str]]

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0
"""Seconds. A service that asks for a longer one is not waited for."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_DID_NOTHING: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_MAY_HAVE_DONE_IT: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})


class Connection:
    """A pool of connections to one API, with the key. May be used by many threads."""

    def __init__(self, url: str, key: str | None, timeout: float, retries: int) -> None:
        parsed = _parsed(url)
        if key is not None and not (key.isascii() and key.isprintable()):
            raise ValueError("the key has characters that no key has")
        self._timeout = timeout
        self._retries = retries
        self._http = httpx.Client(
            base_url=parsed,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=timeout,
            trust_env=not _is_loopback(parsed.host),
        )

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
        """The JSON of the answer; None where it has no body.

        `repeatable`: to send it twice does what once does, as with every GET.
        `answers` are statuses that are no errors here, beside those of success.
        `server_may_take` seconds come on top of the time-out, for an answer that is waited for.
        """
        request = self._http.build_request(
            method,
            path,
            params=list(query),
            json=body,
            headers=headers,
            timeout=httpx.Timeout(self._timeout, read=self._timeout + server_may_take),
        )
        response = self._send(request, repeatable=repeatable or method == "GET", answers=answers)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise ProtocolError(f"{request.url} did not answer with JSON") from None

    @contextmanager
    def stream(
        self, path: str, headers: Mapping[str, str], silence: float
    ) -> Iterator[Iterator[bytes]]:
        """The body as it comes. Raises Unreachable where it breaks or is silent for so long."""
        timeout = httpx.Timeout(self._timeout, read=silence)
        request = self._http.build_request("GET", path, headers=headers, timeout=timeout)
        response = self._send(request, repeatable=True, stream=True)
        try:
            yield _chunks(response)
        finally:
            response.close()

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
            raise Unreachable(f"no answer from {request.url}: {_reason(error)}") from error
        return response


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme in ("http", "https") and parsed.host:
        return parsed
    raise ValueError(f"not the URL of an API: {url!r} (it looks like http://host:8000)")


def _worth_repeating(error: PodlineError, repeatable: bool) -> bool:
    if not isinstance(error, ApiError):
        return repeatable or isinstance(error.__cause__, _NEVER_SENT)
    if _asked_for(error) > _LONGEST_PAUSE:
        return False
    status = error.problem.status
    return status in _DID_NOTHING or (repeatable and status in _MAY_HAVE_DONE_IT)


def _asked_for(error: PodlineError) -> float:
    """Seconds that the service asks to be left alone."""
    return (error.problem.retry_after or 0) if isinstance(error, ApiError) else 0


def _chunks(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes()
    except httpx.RequestError as error:
        raise Unreachable(f"{response.url} broke off: {_reason(error)}") from error


def _problem(response: httpx.Response) -> Problem:
    facts = {
        "status": response.status_code,
        "request_id": response.headers.get("X-Request-Id"),
        "retry_after": _seconds(response.headers.get("Retry-After")),
    }
    try:
        return decode(Problem, {**response.json(), **facts})
    except (ProtocolError, ValueError, TypeError):
        title = response.reason_phrase or f"HTTP {response.status_code}"
        return Problem(title=title, **facts)


def _seconds(retry_after: str | None) -> float | None:
    """Of a `Retry-After` (RFC 9110, 10.2.3): seconds or a date. None for anything else."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None


def _reason(error: httpx.RequestError) -> str:
    return str(error) or type(error).__name__


def _is_loopback(host: str) -> bool:
    """Such an API is never behind the proxy that the environment names."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
