"""Faults that all places have, as contexts."""

import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

_CLOCK: Final = Path(__file__).parents[1] / "hosts" / "clock_off.c"
_STEPS: Final = (-30, -10, -2, 2, 10, 30)
"""Seconds by which a clock is wrong. Set back by more, it would delay what is due by as much."""


@contextmanager
def once(*acts: Callable[[], object]) -> Iterator[None]:
    for act in acts:
        act()
    yield


@contextmanager
def stopped(process: psutil.Process, *, children: bool) -> Iterator[None]:
    """Stop a process, and perhaps all that it has started, by SIGSTOP."""
    found = [process, *(process.children(recursive=True) if children else ())]
    for each in found:
        with suppress(psutil.NoSuchProcess):
            each.suspend()
    try:
        yield
    finally:
        for each in found:
            with suppress(psutil.NoSuchProcess):
                each.resume()


class Clock:
    """The clock of all processes that have its environment."""

    def __init__(self, folder: Path, name: str = "clock") -> None:
        library, self._file = folder / f"{name}.so", folder / name
        command = ["cc", "-shared", "-fPIC", "-o", str(library), str(_CLOCK), "-ldl"]
        subprocess.run(command, check=True)
        self._set(0)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_OFF_FILE": str(self._file)}

    def _set(self, seconds: int) -> None:
        with self._file.open("r+b" if self._file.exists() else "w+b") as file:
            file.write(struct.pack("l", seconds))

    @contextmanager
    def stepped(self, choice: int) -> Iterator[None]:
        """Set it forward or back, and then right again."""
        self._set(_STEPS[choice % len(_STEPS)])
        try:
            yield
        finally:
            self._set(0)
