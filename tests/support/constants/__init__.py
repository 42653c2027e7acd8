"""Replaces constants of the service, in this process or in those that a test starts.

The keyword `<module>__<CONSTANT>` names one in a module of app.service, with `__` for each dot.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

VARIABLE: Final = "TEST_CONSTANTS"
IMPATIENT: Final[Mapping[str, object]] = {
    "transitions__STEP_SECONDS": 3,
    "holding__BEAT_SECONDS": 0.3,
    "holding__HOLD_SECONDS": 3,
    "sweep__SLOT_GRACE_SECONDS": 5,
    "sweep__QUEUE_CHECK_SECONDS": 5,
    "beat__sweep": 1,
}
"""Arguments of `in_processes`: the same sweep as always, only without minutes of patience."""
MESSAGES_TWICE: Final = {"TEST_MESSAGES_TWICE": "yes"}
"""To add to the environment of `in_processes`, so that every message comes twice."""
STEPS_APART: Final = {"celery__worker_pool": "threads"}
"""To add to the arguments of `in_processes`, so that each step is a message, even on one worker."""


def killed_by(task: str) -> dict[str, str]:
    """Return what to add to the environment of `in_processes` for a worker that this task kills."""
    return {"TEST_KILLED_BY": task}


@contextmanager
def changed(**values: object) -> Iterator[None]:
    """Change constants in this process until the context ends."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(f"app.service.{name.replace('__', '.')}", value)
        yield


def in_processes(**values: object) -> dict[str, str]:
    """Return an environment for processes in which constants have these values.

    `beat__<tick>` names the interval of a tick, and `celery__<setting>` a setting of Celery;
    `supervisor__`, `child__` and `processes__` those of `podline up`, of each of its children, and
    of the API's processes. Python
    imports the sitecustomize in this folder.
    """
    named: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        module, constant = _module_and_constant(name)
        named.setdefault(module, {})[constant] = value
    return {"PYTHONPATH": str(Path(__file__).parent), VARIABLE: json.dumps(named)}


def _module_and_constant(name: str) -> tuple[str, str]:
    *path, last = name.split("__")
    if path == ["celery"]:
        return "celeryconfig", last
    if path == ["processes"]:
        return "app.server.processes", last
    if path in (["supervisor"], ["child"]):
        return f"app.cli.up.{path[0]}", last
    if path == ["beat"]:
        return "celeryconfig", f"beat_schedule.{last.replace('_', ' ')}.schedule"
    return ".".join(["app.service", *path]), last
