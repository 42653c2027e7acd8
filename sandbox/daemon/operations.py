"""What a client can ask of the daemon.

Each operation takes the header and the body of a request, and returns what the answer holds under
`ok`, and its body. It raises ProtocolError, PodRefused and OSError.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Final, TypeAlias

from sandbox.daemon.pods import Pods
from sandbox.wire import messages, requests, version_1
from sandbox.wire.framing import Header

Answer: TypeAlias = tuple[object, bytes]
Operation: TypeAlias = Callable[[Pods, Header, bytes], Answer]


def _create(pods: Pods, header: Header, body: bytes) -> Answer:
    pods.create(requests.pod_of(header.get("pod"), body))
    return None, b""


def _observe(pods: Pods, header: Header, _body: bytes) -> Answer:
    wait_seconds = requests.wait_of(header.get("wait_seconds", 0))
    observation = pods.observe(requests.name_of(header.get("name")), wait_seconds)
    if observation is None:
        return None, b""
    if requests.flag_of(header.get("with_output", False), "with_output"):
        return messages.observation_message(observation)
    return messages.observation_header(observation), b""


def _output(pods: Pods, header: Header, _body: bytes) -> Answer:
    first_run = requests.number_of(header.get("first_run", 0), "first_run")
    output = pods.output(requests.name_of(header.get("name")), first_run)
    return messages.output_message(output) if output else (None, b"")


def _artifact(pods: Pods, header: Header, _body: bytes) -> Answer:
    index, start = (requests.number_of(header.get(name), name) for name in ("index", "start"))
    part = pods.artifact(requests.name_of(header.get("name")), index, start)
    return (False, b"") if part is None else (True, part)


def _follow(pods: Pods, header: Header, _body: bytes) -> Answer:
    after = requests.number_of(header.get("after"), "after")
    return messages.frames_message(pods.follow(requests.name_of(header.get("name")), after))


def _delete(pods: Pods, header: Header, _body: bytes) -> Answer:
    pods.delete(requests.name_of(header.get("name")))
    return None, b""


def _list(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return pods.names(), b""


def _languages(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return [asdict(language) for language in pods.languages()], b""


def _limits(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return [asdict(limit) for limit in pods.limits], b""


def _bays(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return asdict(pods.reservations.count()) | {"pods": len(pods.names())}, b""


def _drain(pods: Pods, header: Header, body: bytes) -> Answer:
    pods.reservations.drain()
    return _bays(pods, header, body)


def _ping(_pods: Pods, _header: Header, _body: bytes) -> Answer:
    return {"release": version("podline")}, b""


def _create_1(pods: Pods, header: Header, body: bytes) -> Answer:
    return _create(pods, {"pod": version_1.pod(header.get("pod"))}, body)


def _observe_1(pods: Pods, header: Header, body: bytes) -> Answer:
    answer, _ = _observe(pods, header, body)
    return (version_1.observation(answer) if isinstance(answer, dict) else None), b""


def _output_1(pods: Pods, header: Header, body: bytes) -> Answer:
    answer, content = _output(pods, header, body)
    return (version_1.with_run(answer) if isinstance(answer, dict) else None), content


def _languages_1(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return version_1.languages([asdict(language) for language in pods.languages()]), b""


_OPERATIONS: Final[Mapping[str, Operation]] = {
    "create": _create,
    "observe": _observe,
    "output": _output,
    "follow": _follow,
    "delete": _delete,
    "list": _list,
    "languages": _languages,
    "limits": _limits,
    "ping": _ping,
    "bays": _bays,
    "drain": _drain,
}
OPERATIONS: Final[Mapping[int, Mapping[str, Operation]]] = {
    1: {
        **_OPERATIONS,
        "create": _create_1,
        "observe": _observe_1,
        "output": _output_1,
        "languages": _languages_1,
    },
    2: {**_OPERATIONS, "artifact": _artifact},
}
"""By the version of the wire protocol that a connection speaks, and by name."""
