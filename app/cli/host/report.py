"""What `podline host` prints."""

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
        slots = self._settings.policy().max_running
        return f"\nThis host runs up to {slots} programs at once. Ctrl-C drains it."


class WorkersReport(Report):
    """Reports which daemons have a worker here."""

    def came(self, child: Child) -> None:
        self._print(f"{child.program.name} starts: its daemon is at {child.program.address}")

    def refused(self, path: Path, why: str) -> None:
        self._print(f"{path} gets no worker: {why}")

    def went(self, child: Child) -> None:
        self._print(f"{child.program.name} has ended")
