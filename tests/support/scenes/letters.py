"""Dead letters, which a service that works doesn't have."""

import time

from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.execution import SECOND
from app.ports import Store
from tests.support.builders import a_dead_letter

_TRACEBACK = """\
Traceback (most recent call last):
  File "tasks/saga.py", line 58, in step
    ports.runtime.create(pod)
  File "app/infrastructure/sandbox/connections.py", line 71, in request
    raise RuntimeUnavailable("the sandbox daemon does not answer")
app.domain.errors.RuntimeUnavailable: the sandbox daemon does not answer
"""


def leave_dead_letters(store: Store) -> None:
    now = time.time_ns() // 1000
    for kind, status, error, age in (
        (DeadLetterKind.POISON, DeadLetterStatus.ARCHIVED, "not a task: b'hello'", 9_000),
        (DeadLetterKind.CALLBACK, DeadLetterStatus.WAITING, "the receiver responded 503", 700),
        (DeadLetterKind.EXHAUSTED, DeadLetterStatus.WAITING, _TRACEBACK.splitlines()[-1], 40),
    ):
        failed = now - age * SECOND
        times = {"first_failed_at": failed - 300 * SECOND, "last_failed_at": failed}
        letter = a_dead_letter(
            kind=kind,
            status=status,
            error=error,
            traceback=_TRACEBACK if kind is DeadLetterKind.EXHAUSTED else None,
            next_retry_at=now + 3600 * SECOND if status is DeadLetterStatus.WAITING else None,
            **times,
        )
        store.dead_letters.put(letter)
