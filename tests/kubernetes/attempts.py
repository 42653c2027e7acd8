"""Executions on in-memory stores, whose attempts run on the cluster."""

from collections.abc import Callable
from dataclasses import replace

from app.domain.execution import SECOND, Execution, State
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Phase
from app.domain.submission import File
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from app.ports import Ports
from app.service.admission import entry_of
from app.service.monitor import poll
from app.service.pods import create_pod
from app.service.results import persist
from app.service.saga import start_attempt
from app.service.sweep import remove_orphans
from tests.support.builders import NOW, a_submission, accepted
from tests.support.told import WAITS
from tests.support.twins import Twins, make_twins
from tests.support.waiting import wait_until

SECONDS_FOR_A_POD = 90
SECONDS_UNTIL_TOLD = 200


class Attempts:
    """The steps of a worker, called one by one."""

    def __init__(self, runtime: KubernetesRuntime) -> None:
        self.twins: Twins = make_twins()
        self.runtime = runtime
        self.ports: Ports = replace(self.twins.ports, runtime=runtime)

    def start(self, program: str, language: str = "python", **facts: object) -> Execution:
        """An execution whose attempt has begun, without a pod."""
        offered = {found.name: found for found in self.runtime.languages()}[language]
        submission = a_submission(
            language=language,
            language_version=offered.version,
            files=(File(offered.source_name, program.encode()),),
            entrypoint=offered.source_name,
            **facts,
        )
        execution, _, event = accepted(submission)
        self.twins.store.executions.insert(execution, submission, event)
        return self._start_attempt(execution)

    def create(self, program: str, language: str = "python", **facts: object) -> Execution:
        execution = self.start(program, language, **facts)
        assert create_pod(self.ports, execution.id)
        return execution

    def until_told(self, mark: str) -> Execution:
        """An execution whose program runs until it is told to end; see `tests.support.told`."""
        limits = replace(DEFAULT_LIMITS, wall_seconds=SECONDS_UNTIL_TOLD)
        execution = self.create(WAITS, limits=limits, env={"MARK": mark})
        self.wait_for(execution, Phase.RUNNING)
        return self.poll_until(execution, State.RUNNING)

    def create_next(self, execution: Execution) -> Execution:
        """Begin the next attempt of an execution that was queued again."""
        started = self._start_attempt(self.row(execution.id))
        assert create_pod(self.ports, started.id)
        return started

    def row(self, execution_id: str) -> Execution:
        row = self.twins.store.executions.get(execution_id)
        assert row
        return row

    def wait_for(self, execution: Execution, *phases: Phase) -> None:
        """Wait until its pod is in one of these phases."""

        def there() -> bool:
            observation = self.runtime.observe(execution.pod)
            return observation is not None and observation.phase in phases

        wait_until(
            there, within=SECONDS_FOR_A_POD, or_fail=lambda: self.runtime.observe(execution.pod)
        )

    def poll_until(self, execution: Execution, *states: State) -> Execution:
        """Poll as the watcher would, until the row is in one of these states."""
        self.poll_while(execution, lambda row: row.state not in states)
        return self.row(execution.id)

    def poll_while(self, execution: Execution, condition: Callable[[Execution], bool]) -> None:
        """Poll as the watcher would, as long as that holds for the row."""

        def done() -> bool:
            poll(self.ports, execution.id)
            row = self.row(execution.id)
            self.twins.store.executions.reschedule(row, self.twins.clock() + SECOND)
            return not condition(row)

        wait_until(
            done, within=SECONDS_FOR_A_POD, or_fail=lambda: self.runtime.observe(execution.pod)
        )

    def completed(self, execution: Execution) -> Execution:
        self.poll_until(execution, State.FINISHED)
        persist(self.ports, execution.id)
        return self.row(execution.id)

    def assert_nothing_left(self) -> None:
        """Of any execution, after one look for orphans at the latest."""
        remove_orphans(self.ports)
        assert self.runtime.list_pods() == []
        assert self.twins.admission.slots_used() == 0

    def pass_start_deadline(self) -> None:
        self.twins.clock.advance(self.ports.policy.start_timeout + 1)

    def _start_attempt(self, execution: Execution) -> Execution:
        assert self.twins.store.executions.apply(execution.admit(NOW, NOW))
        self.twins.admission.hold(entry_of(execution), NOW)
        assert start_attempt(self.ports, execution.id)
        return self.row(execution.id)
