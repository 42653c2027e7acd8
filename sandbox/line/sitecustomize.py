"""Imported by Python at its start: has it write stdout after each line, as to a terminal.

PYTHONUNBUFFERED would do that too, with two system calls for each `print`. The folder of this file
is removed from the path again, and a `sitecustomize` that it hid is imported.
"""

import sys
from _frozen_importlib_external import PathFinder  # importlib and typing are slow to import

if sys.stdout is not None:  # it was closed
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # not replaced yet
_folder = __file__.rpartition("/")[0]
sys.path[:] = [_path for _path in sys.path if _path != _folder]
_hidden = PathFinder.find_spec(__name__, sys.path)
if _hidden is not None and _hidden.loader is not None:
    __file__ = _hidden.origin or __file__
    _hidden.loader.exec_module(sys.modules[__name__])
