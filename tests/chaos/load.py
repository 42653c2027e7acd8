"""Clients that submit the programs of a plan, and follow each to its end, whatever breaks."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from podline import (
    Client,
    Conflict,
    Execution,
    PodlineError,
    RateLimited,
    State,
    Unavailable,
    Unreachable,
    WaitTimeout,
)
from podline.submission import Program
from tests.chaos.found import Accepted
from tests.chaos.plan import OWNERS, Cancel, Follow, Plan, Sample, Work
from tests.chaos.programs import KINDS

_TROUBLE: Final = (Unreachable, Unavailable, RateLimited)
"""What a client meets while parts are down."""
PAUSE_SECONDS: Final = 0.3
_LOOK_SECONDS: Final = 0.05
"""Between two looks whether a program runs."""

T = TypeVar("T")


class Load:
    """The clients of a run. Each takes the next work when its last one has ended."""

    def __init__(
        self,
        plan: Plan,
        clients: Sequence[Client],
        receiver_url: str,
        mark: str,
        *,
        in_flight: int,
        patience: float,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """`clients` has one for each owner.

        Programs have `mark` in their environment. `patience` is the number of seconds after which
        a client stops waiting for what it submitted, and `pause` that before it repeats a request.
        """
        assert len(clients) == OWNERS
        self.accepted: list[Accepted] = []
        self.refused: list[str] = []
        """Why programs were refused for good."""
        self._clients = clients
        self._receiver_url = receiver_url
        self._mark = mark
        self._patience = patience
        self._pause = pause
        self._works = iter(plan.works)
        self._key = f"chaos-{mark}"
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(in_flight)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Submit nothing more. What was accepted is followed to its end."""
        with self._changed:
            self._works = iter(())

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def runs(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until so many were accepted, or nothing more is. False after so many seconds."""

        def reached() -> bool:
            return len(self.accepted) >= count or not self.runs()

        with self._changed:
            return self._changed.wait_for(reached, seconds)

    def _work(self) -> None:
        while (work := self._next()) is not None:
            told = self._submitted(work)
            if work.cancel is not None:
                for each in told:
                    self._cancel(work.cancel, each)
            for each in told:
                self._follow(work.follow, each)
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> Work | None:
        with self._changed:
            return next(self._works, None)

    def _submitted(self, work: Work) -> list[Accepted]:
        """Submit it until it is accepted, by the same Idempotency-Key."""
        client = self._clients[work.owner]
        programs = [self._program(work, sample) for sample in work.samples]
        first = work.samples[0].number
        if not work.is_batch:
            return self._told(work, [self._one(client, programs[0], f"{self._key}-{first}")])
        found = self._repeated(
            lambda: client.submit_many(programs, idempotency_key=f"{self._key}-{first}-batch")
        )
        executions: list[Execution | None] = [None] * len(programs)
        for place, each in enumerate(found or ()):
            executions[place] = each if isinstance(each, Execution) else None
        # The same key would have the same refusals.
        for place, sample in enumerate(work.samples):
            if executions[place] is None:
                key = f"{self._key}-{sample.number}"
                executions[place] = self._one(client, programs[place], key)
        return self._told(work, executions)

    def _one(self, client: Client, program: Program, key: str) -> Execution | None:
        return self._repeated(lambda: client.submit(**program, idempotency_key=key))

    def _told(self, work: Work, executions: Sequence[Execution | None]) -> list[Accepted]:
        owner = owner_name(work.owner)
        told = [
            Accepted(execution.id, owner, sample)
            for sample, execution in zip(work.samples, executions, strict=True)
            if execution is not None
        ]
        with self._changed:
            self.accepted += told
            self._changed.notify_all()
        return told

    def _program(self, work: Work, sample: Sample) -> Program:
        program = KINDS[sample.kind].program(sample.number)
        program["env"] = {"CHAOS": self._mark}
        program["priority"] = sample.priority
        program["labels"] = {"chaos": str(sample.number)}
        if sample.callback:
            program["callback_url"] = f"{self._receiver_url}/{owner_name(work.owner)}"
        return program

    def _cancel(self, when: Cancel, told: Accepted) -> None:
        client = self._client_of(told)
        if when is Cancel.RUNNING:
            until = time.monotonic() + self._patience
            self._repeated(lambda: _wait_until_running(client, told.id, until))
        told.cancelled = True
        with suppress(Conflict):  # it has ended
            self._repeated(lambda: client.cancel(told.id))

    def _follow(self, how: Follow, told: Accepted) -> None:
        """See its end, and remember how the API showed it."""
        client, until = self._client_of(told), time.monotonic() + self._patience
        while (left := until - time.monotonic()) > 0:
            with suppress(WaitTimeout, *_TROUBLE):
                if how is Follow.STREAM:
                    for _ in client.stream(told.id, timeout=left):
                        pass
                told.ended = client.wait(told.id, timeout=left)
                return
            time.sleep(self._pause)

    def _client_of(self, told: Accepted) -> Client:
        return self._clients[int(told.owner.rpartition("-")[2])]

    def _repeated(self, request: Callable[[], T]) -> T | None:
        """Repeat it while parts are down. None if it was refused, which is noted."""
        until, error = time.monotonic() + self._patience, None
        while time.monotonic() < until:
            try:
                return request()
            except Conflict:
                raise
            except _TROUBLE as trouble:
                error = trouble
            except PodlineError as refusal:
                self.refused.append(f"{type(refusal).__name__}: {refusal}")
                return None
            time.sleep(self._pause)
        self.refused.append(f"still after {self._patience:.0f} s: {error!r}")
        return None


def owner_name(number: int) -> str:
    return f"owner-{number}"


def _wait_until_running(client: Client, id: str, until: float) -> None:
    """Or has ended, or the time is up."""
    while time.monotonic() < until:
        state = client.get(id).state
        if state is State.RUNNING or state.terminal:
            return
        time.sleep(_LOOK_SECONDS)
