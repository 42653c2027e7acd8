"""The Runtime port on this machine's sandbox daemon."""

import select
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.domain.errors import PlaceTaken, RunRefused, RuntimeUnavailable
from app.domain.language import HeldLimit, Language
from app.domain.place import StartedAhead
from app.domain.pod import Pod
from app.domain.report import Frame, Observation, Output
from app.infrastructure.sandbox import conversion
from app.infrastructure.sandbox.connections import Connections, unavailable
from sandbox.wire import framing, messages, requests
from sandbox.wire.framing import Error, ProtocolError
from sandbox.wire.types import PodRefused

_SECONDS_BETWEEN_LOOKS_AT_STOP: Final = 0.5


class SandboxRuntime:
    """A thread-safe client of the sandbox daemon."""

    def __init__(self, socket_path: Path, clock_ahead: Callable[[], int] = lambda: 0) -> None:
        """`clock_ahead` is how far the service's clock is ahead of the daemon's."""
        self._connections = Connections(socket_path)
        self._clock_ahead = clock_ahead

    def create(self, pod: Pod) -> None:
        header, body = requests.pod_message(conversion.for_sandbox(pod))
        self._ask({"op": "create", "pod": header}, body)

    def started_ahead(self, pod: Pod) -> None:  # no pod has anything
        """The daemon's jails that wait are its own matter."""

    def claim(self, pod: Pod, place: str) -> None:  # noqa: ARG002  # nothing is anywhere
        raise PlaceTaken(f"no pod was started ahead at {place}")

    def pools(self) -> Sequence[StartedAhead]:
        return ()

    def tend(self) -> None:
        """The daemon does."""

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        request = {"op": "observe", "name": name, "wait_seconds": wait_seconds, "with_output": True}
        answer, body = self._ask(request)
        if not answer:
            return None
        observation = messages.observation_of(answer, body)
        return conversion.observation_of(observation, self._clock_ahead())

    def output(self, name: str, first_run: int = 0) -> Output | None:
        answer, body = self._ask({"op": "output", "name": name, "first_run": first_run})
        return conversion.output_of(messages.output_of(answer, body)) if answer else None

    def artifact(self, name: str, index: int, start: int) -> bytes | None:
        request = {"op": "artifact", "name": name, "index": index, "start": start}
        answer, body = self._ask(request)
        return body if answer else None

    def follow(self, name: str, after: int) -> list[Frame]:
        answer, body = self._ask({"op": "follow", "name": name, "after": after})
        frames = messages.frames_of(answer, framing.Parts(body))
        return [conversion.frame_of(frame) for frame in frames]

    def delete(self, name: str) -> None:
        self._ask({"op": "delete", "name": name})

    def list_pods(self) -> list[str]:
        answer, _ = self._ask({"op": "list"})
        return list(answer)

    def slots(self) -> int | None:
        """`max_running` says it: the operator knows the machine."""
        return None

    def languages(self) -> list[Language]:
        answer, _ = self._ask({"op": "languages"})
        return [conversion.language_of(messages.language_of(language)) for language in answer]

    def limits_held(self) -> list[HeldLimit]:
        answer, _ = self._ask({"op": "limits"})
        return [conversion.held_limit_of(messages.held_limit_of(limit)) for limit in answer]

    def release(self) -> str | None:
        answer, _ = self._ask({"op": "ping"})
        return str(answer["release"]) if answer else None  # Earlier daemons answer null.

    def ping(self) -> None:
        self._ask({"op": "ping"})

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        connection = self._connections.open()
        try:
            connection.exchange({"op": "watch"})
        except (OSError, ProtocolError) as error:
            connection.socket.close()
            raise unavailable(error) from error
        return _changes(connection.socket, stop)

    def _ask(self, request: Mapping[str, Any], body: Sequence[bytes] = ()) -> tuple[Any, bytes]:
        """Return the daemon's response. Raises RunRefused and RuntimeUnavailable."""
        try:
            answer = self._connections.ask(request, body)
        except PodRefused as error:
            raise RunRefused(str(error)) from error
        return _result(*answer)


def _result(answer: Mapping[str, Any], body: bytes) -> tuple[Any, bytes]:
    if "error" not in answer:
        return answer["ok"], body
    if answer["error"] == Error.REFUSED:
        raise RunRefused(answer["message"])
    if answer["error"] == Error.BAD_REQUEST:
        raise RunRefused(f"the sandbox daemon refused it: {answer['message']}")
    raise RuntimeUnavailable(answer["message"])


def _changes(connection: socket.socket, stop: Callable[[], bool]) -> Iterator[str]:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    with connection:
        while not stop():
            if not poll.poll(_SECONDS_BETWEEN_LOOKS_AT_STOP * 1_000):
                continue
            try:
                change = framing.receive(connection)
            except (OSError, ProtocolError) as error:
                raise unavailable(error) from error
            if change is None:
                raise unavailable(ConnectionResetError("it closed the connection"))
            yield change[0]["ok"]
