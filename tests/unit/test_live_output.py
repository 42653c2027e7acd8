"""The live output of programs reaches those who watch them, and nobody else."""

from app.domain.execution import State
from app.infrastructure.memory.runtime import Script
from app.service.monitor import feed_live_output
from app.service.submit import submit
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins
from tests.support.worker import Worker


def running(twins: Twins, worker: Worker) -> tuple[str, str]:
    """The id and the pod of a program that keeps running."""
    twins.runtime.script = lambda _: Script(ends=None)
    execution = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    row = twins.store.executions.get(execution.id)
    assert row is not None
    assert row.state is State.RUNNING
    return row.id, row.pod


def test_a_watched_program_is_fed_as_it_prints(twins: Twins, worker: Worker) -> None:
    execution_id, pod = running(twins, worker)
    twins.ports.live.watch(execution_id)
    with twins.ports.wakeups.listen(execution_id, progress=True) as listener:
        for text in (b"one", b"two"):
            twins.runtime.print(pod, text)
            assert feed_live_output(twins.ports)
            assert listener.wait(60)
    frames = twins.ports.live.read(pod, 0)
    assert [(frame.sequence, frame.content) for frame in frames] == [(1, b"one"), (2, b"two")]


def test_nobody_watches_nothing_is_fed(twins: Twins, worker: Worker) -> None:
    _, pod = running(twins, worker)
    twins.runtime.print(pod, b"one")
    assert not feed_live_output(twins.ports)
    assert twins.ports.live.read(pod, 0) == []


def test_watching_what_does_not_run_does_no_harm(twins: Twins) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    twins.ports.live.watch(execution.id)
    twins.ports.live.watch("01JNOTHERE")
    assert feed_live_output(twins.ports)
