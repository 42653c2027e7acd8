"""Changes constants when their module has been executed, and may double messages or kill a worker.

Python imports it at the start of each process (`site` in its library).
"""

import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

VALUES: dict[str, dict[str, object]] = json.loads(os.environ.get("TEST_CONSTANTS", "{}"))


class Finder(MetaPathFinder):
    """Lets the other finders find a module, and adds a step to its loader."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        values = VALUES.get(name)
        if not values:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((each for each in found if each), None)
        if spec and spec.loader:
            _change_after(spec.loader, values)
        return spec


def _change_after(loader: Any, values: dict[str, object]) -> None:
    execute = loader.exec_module

    def execute_and_change(module: ModuleType) -> None:
        execute(module)
        for constant, value in values.items():
            _change(module, constant.split("."), value)

    loader.exec_module = execute_and_change


def _change(holder: Any, names: Sequence[str], value: object) -> None:
    *path, last = names
    if not path:
        assert hasattr(holder, last), f"{holder.__name__} has no {last}"
        setattr(holder, last, value)
        return
    tables = getattr(holder, path[0])
    for name in path[1:]:
        tables = tables[name]
    tables[last] = value


if VALUES:
    sys.meta_path.insert(0, Finder())
if "TEST_MESSAGES_TWICE" in os.environ:
    import_module("doubling")
if "TEST_KILLED_BY" in os.environ:
    import_module("killing")
