"""Requests to the API server for one namespace. The client's errors never leave this module."""

import json
import os
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, TypeAlias

from kubernetes import client, config
from kubernetes.stream import ws_client
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ProtocolError
from websocket import WebSocket, WebSocketException, setdefaulttimeout

from app.domain.errors import RuntimeUnavailable
from app.infrastructure.dependencies import CLUSTER

JsonObject: TypeAlias = Mapping[str, Any]

METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Omits a ConfigMap's data: https://kubernetes.io/docs/reference/using-api/api-concepts/"""

_JSON: Final = "application/json"
_MERGE_PATCH: Final = "application/merge-patch+json"
_CHANNELS: Final = "v4.channel.k8s.io"
"""The API server passes this on; version 5 would be translated there."""
_OPEN: Final = b"\1"
"""An empty message from stdout, the first one of a connection."""
_TRIES_TO_CREATE: Final = 10
_SECONDS_TO_CONNECT: Final = 2.0
_SECONDS_TO_ANSWER: Final = 5.0
_CONNECTIONS_KEPT: Final = 32
_MESSAGE_CHARACTERS: Final = 300


class NoAccess(RuntimeUnavailable):
    """This process has neither a kubeconfig nor a service account token."""


class VersionExpired(RuntimeUnavailable):
    """The resourceVersion is too old to watch from: list again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the API server."""

    status: int
    content: bytes

    def json(self) -> JsonObject:
        """Parse the content. Raises RuntimeUnavailable if it isn't JSON, as from a proxy."""
        try:
            found = json.loads(self.content)
        except ValueError as error:
            raise RuntimeUnavailable("the API server's response is not JSON") from error
        if not isinstance(found, dict):
            raise RuntimeUnavailable("the API server's response is not an object")
        return found

    @property
    def message(self) -> str:
        """The message of a Status object, which names objects and fields but never their values."""
        try:
            return str(self.json().get("message"))[:_MESSAGE_CHARACTERS]
        except RuntimeUnavailable:
            return f"status {self.status}"


class Connection:
    """A thread-safe connection, which is opened on first use.

    All our requests are safe to repeat, so a request that finds its connection closed is sent
    again. All raise RuntimeUnavailable for any status other than 2xx and those that the caller
    `expects`.
    """

    def __init__(self, namespace: str, kubeconfig: Path | None = None) -> None:
        self._root = f"/api/v1/namespaces/{namespace}"
        self._kubeconfig = kubeconfig
        self._lock = threading.Lock()
        self._client: client.ApiClient | None = None

    def get(
        self,
        path: str,
        *,
        accept: str = _JSON,
        expects: Collection[int] = (),
        **query: str | int,
    ) -> Answer:
        return self._ask("GET", self._root + path, query, accept=accept, expects=expects)

    def post(self, path: str, body: JsonObject, *, expects: Collection[int]) -> Answer:
        """Create an object. A 409 is always expected, and means that the name is in use."""
        expects = {*expects, HTTPStatus.CONFLICT}
        for _ in range(_TRIES_TO_CREATE):
            answer = self._ask("POST", self._root + path, {}, body=body, expects=expects)
            # The other 409, "Conflict": another object was counted in the same quota.
            if answer.status != HTTPStatus.CONFLICT or answer.json().get("reason") != "Conflict":
                return answer
        raise _unexpected("POST", path, answer)

    def patch(self, path: str, body: JsonObject, *, expects: Collection[int]) -> Answer:
        return self._ask(
            "PATCH", self._root + path, {}, body=body, content_type=_MERGE_PATCH, expects=expects
        )

    def delete_all(
        self, path: str, body: JsonObject, *, accept: str = _JSON, **query: str
    ) -> Answer:
        """Delete the objects of a collection that the query selects, if any."""
        return self._ask("DELETE", self._root + path, query, body=body, accept=accept)

    def delete(self, path: str, body: JsonObject, *, expects: Collection[int]) -> Answer:
        """Delete one object."""
        return self._ask("DELETE", self._root + path, {}, body=body, expects=expects)

    def attach(self, pod: str, container: str) -> WebSocket:
        """Open the container's stdin and stdout. Every read or write has a timeout.

        The first message, which is empty, says that they are open. Raises RuntimeUnavailable.
        """
        api = self._connected()
        query = [("container", container), ("stdin", "true"), ("stdout", "true")]
        path = f"{self._root}/pods/{pod}/attach"
        _, url, headers, _, _ = api.param_serialize(
            "GET", path, header_params={}, auth_settings=["BearerToken"]
        )
        headers["sec-websocket-protocol"] = _CHANNELS
        setdefaulttimeout(_SECONDS_TO_ANSWER)
        try:
            found: WebSocket = ws_client.create_websocket(
                api.configuration, ws_client.get_websocket_url(url, query), headers
            )
            _, first = found.recv_data()
        except (WebSocketException, OSError) as error:
            raise _unavailable(error) from error
        if first != _OPEN:
            raise RuntimeUnavailable(f"nobody can attach to {pod}: {first!r}")
        return found

    def ready(self) -> None:
        """Return if the API server is ready. Every account may ask that."""
        self._ask("GET", "/readyz", {})

    def watch(self, path: str, *, seconds: int, **query: str | int) -> Iterator[JsonObject]:
        """Yield the events of a collection from the query's `resourceVersion` on, for `seconds`.

        Raises VersionExpired, and RuntimeUnavailable if the server is silent for longer.
        """
        for line in self._lines_of(path, seconds, {**query, "watch": "true"}):
            event = _event(line)
            if event["type"] == "ERROR":
                raise VersionExpired(event["object"].get("message"))
            yield event

    def _lines_of(self, path: str, seconds: int, query: Mapping[str, str | int]) -> Iterator[bytes]:
        timeout = (_SECONDS_TO_CONNECT, seconds + _SECONDS_TO_CONNECT)
        query = {**query, "timeoutSeconds": seconds}
        response = self._send("GET", self._root + path, query, {"Accept": _JSON}, None, timeout)
        try:
            if response.status == HTTPStatus.GONE:
                raise VersionExpired(Answer(response.status, response.read()).message)
            if response.status != HTTPStatus.OK:
                raise _unexpected("GET", path, Answer(response.status, response.read()))
            yield from _lines(response)
            response.release_conn()
        except (HTTPError, HTTPException, OSError) as error:
            raise _unavailable(error) from error
        finally:
            response.close()

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        *,
        body: JsonObject | None = None,
        accept: str = _JSON,
        content_type: str = _JSON,
        expects: Collection[int] = (),
    ) -> Answer:
        headers = {"Accept": accept, "Content-Type": content_type}
        timeout = (_SECONDS_TO_CONNECT, _SECONDS_TO_ANSWER)
        try:
            response = self._send(method, path, query, headers, body, timeout)
            answer = Answer(response.status, response.read())
            response.release_conn()
        except (HTTPError, HTTPException, OSError) as error:
            raise _unavailable(error) from error
        if not 200 <= answer.status < 300 and answer.status not in expects:
            raise _unexpected(method, path, answer)
        CLUSTER.up()
        return answer

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        headers: Mapping[str, str],
        body: JsonObject | None,
        timeout: tuple[float, float],
    ) -> HTTPResponse:
        api = self._connected()
        try:
            _, url, sent_headers, sent_body, _ = api.param_serialize(
                method,
                path,
                query_params=list(query.items()),
                header_params=dict(headers),
                body=body,
                auth_settings=["BearerToken"],
            )
            send = partial(api.call_api, method, url, sent_headers, sent_body, None, timeout)
            try:
                response: HTTPResponse = send().response
            except ProtocolError:
                response = send().response
        except (client.ApiException, HTTPError, HTTPException, OSError) as error:
            raise _unavailable(error) from error
        return response

    def _connected(self) -> client.ApiClient:
        with self._lock:
            if self._client is None:
                self._client = _client(self._kubeconfig)
            return self._client


def _client(kubeconfig: Path | None) -> client.ApiClient:
    """Connect with the kubeconfig, KUBECONFIG, ~/.kube/config, or the pod's service account."""
    configuration = client.Configuration()
    file = kubeconfig or Path(os.environ.get("KUBECONFIG") or "~/.kube/config").expanduser()
    try:
        if file.exists():
            config.load_kube_config(str(file), client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        raise NoAccess(f"no access to a cluster is configured: {error}") from error
    configuration.retries = False  # a retry after a timeout would double the wait
    configuration.connection_pool_maxsize = _CONNECTIONS_KEPT
    return client.ApiClient(configuration)


def _event(line: bytes) -> JsonObject:
    try:
        event: JsonObject = json.loads(line)
    except ValueError as error:
        raise RuntimeUnavailable("the watch sent something that is not JSON") from error
    return event


def _lines(response: HTTPResponse) -> Iterator[bytes]:
    """Yield complete lines only."""
    rest = b""
    for part in response.stream():
        *lines, rest = (rest + part).split(b"\n")
        yield from filter(None, lines)


def _unexpected(method: str, path: str, answer: Answer) -> RuntimeUnavailable:
    error = RuntimeUnavailable(f"{method} {path} returned {answer.status}: {answer.message}")
    return CLUSTER.down(error) if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else error


def _unavailable(error: Exception) -> RuntimeUnavailable:
    text = f"the API server does not respond: {type(error).__name__}: {error}"
    return CLUSTER.down(RuntimeUnavailable(text))
