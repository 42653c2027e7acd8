"""The Runtime port of a process beside no sandbox host: what all hosts offer.

Steps that need more are done on the hosts, so everything else is unavailable here.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from app.domain.errors import CoordinationUnavailable, NoHostAlive, RuntimeUnavailable
from app.domain.hosts import HostReport, languages_of, limits_of
from app.domain.language import HeldLimit, Language
from app.domain.place import StartedAhead
from app.domain.pod import Pod
from app.domain.report import Frame, Observation, Output
from app.ports.hosts import Hosts


class HostsRuntime:
    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def languages(self) -> list[Language]:
        return languages_of(self._alive())

    def limits_held(self) -> list[HeldLimit]:
        return limits_of(self._alive())

    def release(self) -> str | None:
        """The hosts have a release each."""
        return None

    def ping(self) -> None:
        self._alive()

    def slots(self) -> int | None:
        return None

    def create(self, pod: Pod) -> None:
        _not_here(pod.name)

    def started_ahead(self, pod: Pod) -> None:
        _not_here(pod.name)

    def claim(self, pod: Pod, place: str) -> None:  # noqa: ARG002  # the port's
        _not_here(pod.name)

    def pools(self) -> Sequence[StartedAhead]:
        return ()

    def tend(self) -> None:
        """Each daemon does."""

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:  # noqa: ARG002  # the port's
        _not_here(name)

    def output(self, name: str, first_run: int = 0) -> Output | None:  # noqa: ARG002  # the port's
        _not_here(name)

    def artifact(self, name: str, index: int, start: int) -> bytes | None:  # noqa: ARG002  # the port's
        _not_here(name)

    def follow(self, name: str, after: int) -> list[Frame]:  # noqa: ARG002  # the port's
        _not_here(name)

    def delete(self, name: str) -> None:
        _not_here(name)

    def list_pods(self) -> list[str]:
        _not_here("pods")

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:  # noqa: ARG002  # the port's
        _not_here("pods")

    def _alive(self) -> Sequence[HostReport]:
        try:
            alive = self._hosts.alive()
        except CoordinationUnavailable as error:
            raise RuntimeUnavailable(f"the sandbox hosts are not known: {error}") from error
        if not alive:
            raise NoHostAlive("no sandbox host is alive: start one with `podline host`")
        return alive


def _not_here(name: str) -> NoReturn:
    raise RuntimeUnavailable(f"{name} can be reached on its sandbox host only")
