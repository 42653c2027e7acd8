"""A load of many executions, and what must hold after it, whatever happened."""

from copy import copy
from itertools import count

from app.domain.execution import TERMINAL, State
from podline import Execution
from tests.support.event_logs import every_event
from tests.support.standalone import Standalone, submit_many
from tests.support.waiting import wait_until

SECONDS_BETWEEN_LOOKS = 0.1
"""At the states of all executions, which takes a database 5 ms."""
HOW_MANY = 20
FOR_LONG = 200
"""In the variants that only `make test-long` runs."""
_numbers = count(1)


class Load:
    """Programs that each print a number of their own, in the language that starts fastest.

    Each pauses, so that most are still waiting when some have ended, however slow the clients are.
    """

    def __init__(
        self, standalone: Standalone, how_many: int = HOW_MANY, seconds: float = 0.3
    ) -> None:
        self._standalone = standalone
        self._store = standalone.store()
        numbers = [next(_numbers) for _ in range(how_many)]
        executions = submit_many(
            standalone.client(), [f"sleep {seconds}; echo {n}" for n in numbers]
        )
        self.expected = {e.id: f"{n}\n" for e, n in zip(executions, numbers, strict=True)}

    def restored_to(self, standalone: Standalone) -> "Load":
        """The same executions, in another service that has a backup of the first one."""
        restored = copy(self)
        restored._standalone, restored._store = standalone, standalone.store()
        return restored

    def wait_for_some(self, how_many: int = 5) -> None:
        """Wait until this many are completed, so that what follows happens in the middle."""
        wait_until(lambda: self._count(State.COMPLETED) >= how_many, within=60, or_fail=self.states)
        assert self._count(*TERMINAL) < len(self.expected), "all have ended already"

    def expect(self, execution_id: str, output: str) -> None:
        """One more that was accepted, and must complete."""
        self.expected[execution_id] = output

    def forget(self, execution_ids: set[str]) -> None:
        """These are no longer expected to complete."""
        for execution_id in execution_ids:
            del self.expected[execution_id]

    def attempts(self) -> set[int]:
        """How many attempts they took."""
        rows = self._store.executions.states_of(list(self.expected))
        return {attempt for _, attempt in rows.values()}

    def states(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for state, _ in self._store.executions.states_of(list(self.expected)).values():
            found[state] = found.get(state, 0) + 1
        return found

    def _count(self, *states: State) -> int:
        counted = self.states()
        return sum(counted.get(state, 0) for state in states)

    def assert_whole(self, *, within: float = 90) -> None:
        """All terminal and completed, one right result each, nothing left, events in order."""
        total = len(self.expected)
        wait_until(
            lambda: self._count(*TERMINAL) == total,
            within=within,
            every=SECONDS_BETWEEN_LOOKS,
            or_fail=self.states,
        )
        assert self.states() == {State.COMPLETED: total}
        self._standalone.wait_until_ready()
        client = self._standalone.client()
        for execution_id, output in self.expected.items():
            self._assert_right(client.get(execution_id), output)
        self._assert_events()
        self._assert_nothing_left()

    @staticmethod
    def _assert_right(execution: Execution, output: str) -> None:
        assert execution.outcome == "success", execution
        assert execution.result is not None
        tests = execution.result.tests
        printed = tests and "".join(test.stdout or "" for test in tests)
        assert (printed or execution.result.stdout) == output

    def _assert_events(self) -> None:
        """On the rows: one event for each version. In the log: the same, in order, once each."""
        store = self._store
        wait_until(
            lambda: store.events_to_relay.waiting(1) == [],
            or_fail=lambda: store.events_to_relay.waiting(3),
        )
        logged: dict[str, list[int]] = {}
        for event in every_event(self._standalone.event_log()):
            logged.setdefault(event.execution_id, []).append(event.version)
        for execution_id in self.expected:
            row = store.executions.get(execution_id)
            assert row is not None
            every_version = list(range(1, row.version + 1))
            assert [
                event.version for event in store.executions.events(execution_id)
            ] == every_version
            assert logged[execution_id] == every_version

    def _assert_nothing_left(self) -> None:
        admission, runtime = self._standalone.admission(), self._standalone.runtime()
        wait_until(lambda: admission.slots_used() == 0, or_fail=lambda: admission.slots(2**62, 9))
        wait_until(lambda: runtime.list_pods() == [], or_fail=runtime.list_pods)
        assert admission.length() == 0
        assert sum(self._store.counts.by_state().values()) == 0
