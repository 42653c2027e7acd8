"""What `podline host` reports."""

from collections.abc import Iterator
from logging import INFO, WARNING
from pathlib import Path

from app.cli.up.child import Child
from app.cli.up.report import Report, full
from app.settings import Settings


class HostReport(Report):
    """Reports what runs here, and what happens to it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.data_dir, f"the sandbox host {settings.host}")
        self._settings = settings

    def full(self) -> None:
        full(self._data_dir)

    def _when_ready(self) -> str:
        return f"\n{self._ready()}. Ctrl-C drains it."

    def _lines_when_ready(self) -> Iterator[tuple[int, str]]:
        yield INFO, self._ready()

    def _ready(self) -> str:
        slots = self._settings.policy().max_running
        return f"This host runs up to {slots} programs at once"


class WorkersReport(Report):
    """Reports which daemons have a worker here."""

    def came(self, child: Child) -> None:
        self._say(f"{child.program.name} starts: its daemon is at {child.program.address}")

    def refused(self, path: Path, why: str) -> None:
        self._say(f"{path} gets no worker: {why}", WARNING)

    def went(self, child: Child) -> None:
        self._say(f"{child.program.name} has ended")
