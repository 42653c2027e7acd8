"""Fills a database with thousands of executions through the store."""

from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import copyfile
from tempfile import TemporaryDirectory
from time import time_ns
from typing import Final

from ulid import ULID

from app.domain.execution import SECOND, Execution, Time, accept
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Output, StageOutput
from app.domain.result import INLINE_BYTES
from app.domain.submission import File, Submission
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import Store
from tests.support.builders import a_result, a_submission, a_verdict

CROWD: Final = "crowd"
"""The owner of all these executions."""
_MEMORY: Final = "/dev/shm"
"""Where the database is written, as fsync is free there; then it is copied."""
_SLEEP_SECONDS: Final = 600
_SLEEPER: Final = a_submission(
    files=(File("main.py", f"import time; time.sleep({_SLEEP_SECONDS})\n".encode()),),
    limits=replace(DEFAULT_LIMITS, wall_seconds=_SLEEP_SECONDS),
)


_RANDOM: Final = Random(1).randbytes(400_000).hex().encode()
_LARGE: Final = a_submission(files=(File("main.py", _RANDOM),))
_PRINTED: Final = Output(
    compile=None, runs=(StageOutput(stdout=_RANDOM[: INLINE_BYTES - 1024], stderr=b""),)
)


def populate(database: Path, *, finished: int, queued: int, large: int = 0) -> None:
    """Create the database. Once there is a worker, the first queued execution runs and sleeps.

    As many as are `large`, before the finished ones, have programs and results of about the size
    that a row can have.
    """
    with TemporaryDirectory(dir=_MEMORY) as folder:
        path = Path(folder) / "podline.db"
        store = SqliteStore(path, timeout=5)
        for _ in range(large):
            _finish(store, _accept(store, _LARGE), output=_PRINTED)
        for _ in range(finished):
            _finish(store, _accept(store, a_submission()))
        for _ in range(queued):
            _accept(store, _SLEEPER)
        store.close()
        copyfile(path, database)


def _accept(store: Store, submission: Submission) -> Execution:
    execution, event = accept(
        submission, id=str(ULID()), owner=CROWD, now=_now(), next_action_at=_now() + 10 * SECOND
    )
    store.executions.insert(execution, submission, event)
    store.events_to_relay.mark_relayed(execution.id, event.version)
    return execution


def _finish(store: Store, execution: Execution, **result: Output) -> None:
    """Make every transition, as the pipeline does."""
    soon = _now() + SECOND
    admitted = execution.admit(_now(), soon)
    started = admitted.after.start(_now(), soon, start_deadline=soon)
    finished = started.after.finish(_now(), soon, a_verdict())
    completed = finished.after.complete(_now(), soon)
    for change in (admitted, started, finished):
        store.executions.apply(change)
    store.results.insert(a_result(finished.after, **result))
    store.executions.apply(completed)
    store.events_to_relay.mark_relayed(execution.id, completed.after.version)
    store.executions.settle(completed.after)


def _now() -> Time:
    return time_ns() // 1_000
