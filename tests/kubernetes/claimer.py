"""A creator that is killed at a certain point while it claims a pod that was started ahead.

python -m tests.kubernetes.claimer NAMESPACE DATABASE EXECUTION POINT
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn

from app.infrastructure.kubernetes.attached import Attached
from app.infrastructure.kubernetes.claims import Claims
from app.infrastructure.sqlite.store import SqliteStore
from app.service.pods import create_pod
from tests.support.kubernetes.cluster import RuntimeAhead
from tests.support.twins import make_twins

POINTS: Final = ("placed", "claimed", "attached", "half", "handed over")
"""The row names the pod; the pod has its label; somebody is attached; some input is there; all is.
"""


def killed(*_args: Any, **_kwargs: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def half(attached: Attached, message: bytes) -> None:
    attached.send(message[: len(message) // 2])
    killed()


def after(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: killed(call(*args))


def main(namespace: str, database: str, execution_id: str, point: str) -> None:
    runtime: Any = RuntimeAhead(namespace, {"python": 1})
    if point == "placed":
        runtime.claim = killed
    elif point == "claimed":
        setattr(Claims, "_attach", killed)  # noqa: B010  # mypy forbids to replace a method
    elif point == "handed over":
        setattr(Attached, "hand_over", after(Attached.hand_over))  # noqa: B010  # likewise
    else:
        setattr(Attached, "hand_over", half if point == "half" else killed)  # noqa: B010  # likewise
    store = SqliteStore(Path(database), timeout=1)
    create_pod(replace(make_twins().ports, store=store, runtime=runtime), execution_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
