"""Several sandbox hosts made of twins: they share everything but their runtimes and bays."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.chain import CREATE
from app.domain.errors import StoreUnavailable
from app.domain.execution import State
from app.domain.hosts import HostSize, group_name, pods_of, queues_of
from app.domain.language import Language, keys_of
from app.domain.pod import Pod
from app.infrastructure.memory.bays import MemoryBays
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.runtime import LANGUAGES, MemoryRuntime, Script
from app.ports import Fleet, Ports
from app.queues import QUEUES
from app.service.heart import Heart
from app.service.watcher import Pauses
from tests.support.twins import Twins, make_twins, wrapped
from tests.support.worker import Message, Worker


class HostWorker(Worker):
    """Takes a pod from the queue, or joins its creation, only in exchange for a bay."""

    def __init__(self, ports: Ports, name: str) -> None:
        super().__init__(ports, serves=self._has_queue)
        self._queues = (*QUEUES, *queues_of(name))

    def _has_queue(self, queue: str) -> bool:
        if queue.startswith("pods"):
            offered = self._ports.runtime.languages()
            group = group_name(keys_of(offered))
            return queue in ("pods", pods_of(group)) and self._ports.bays.take()
        return queue in self._queues

    def _deliver(self, message: Message) -> None:
        execution_id, (name, *_) = message
        if name == CREATE and not self._ports.bays.join():
            self._pipeline.start(execution_id, State.STARTING)
        else:
            super()._deliver(message)


class Reached:
    """A subject of the store, as long as a host reaches it."""

    def __init__(self, subject: object, host: "Host") -> None:
        self._subject = subject
        self._host = host

    def __getattr__(self, name: str) -> Any:
        if not self._host.reaches_store:
            raise StoreUnavailable("no route to host")
        return getattr(self._subject, name)


class Host:
    """A host whose programs run until a test ends them, unless it has another script."""

    def __init__(self, twins: Twins, hosts: MemoryHosts, name: str, slots: int) -> None:
        self.name = name
        self._hosts = hosts
        self.runtime = MemoryRuntime(runs_on, twins.clock)
        self.bays = MemoryBays(slots)
        self.fleet = Fleet(hosts, name, owner=f"{name} of {id(self)}")
        self.reaches_store = True
        store = wrapped(twins.store, lambda subject: Reached(subject, self))
        self.ports = replace(
            twins.ports, store=store, runtime=self.runtime, bays=self.bays, fleet=self.fleet
        )
        self.gave_up = False
        self.heart = Heart(self.ports, self.fleet, Pauses(), self._give_up)
        self.worker = HostWorker(self.ports, name)

    def _give_up(self) -> None:
        self.gave_up = True

    @property
    def size(self) -> HostSize:
        """What it has reported."""
        return self._hosts.sizes()[self.name]

    def end(self, pod: str) -> None:
        """Let a program end, and report it as the watcher does."""
        self.runtime.end(pod)
        self.bays.end_one()
        self.ports.pipeline.start(pod.partition("-")[0].upper(), State.RUNNING, self.name)


def runs_on(_: Pod) -> Script:
    return Script(ends=None)


@dataclass(slots=True)
class Service:
    """A service without hosts at first."""

    twins: Twins = field(default_factory=make_twins)
    hosts: MemoryHosts = field(init=False)
    ports: Ports = field(init=False)
    """Those of a process beside no host."""

    def __post_init__(self) -> None:
        self.hosts = MemoryHosts(self.twins.clock)
        self.ports = replace(self.twins.ports, fleet=Fleet(self.hosts))

    def host(self, name: str, slots: int = 2, offered: Sequence[Language] = LANGUAGES) -> Host:
        """Add a host, which is alive."""
        host = Host(self.twins, self.hosts, name, slots)
        host.runtime.offered = list(offered)
        host.heart.beat()
        return host
