"""What `podline up` prints."""

import signal
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.infrastructure.embedded.child import Child


class Report:
    """Tells what runs where, and what happens to it."""

    def __init__(self, data_dir: Path, url: str, console: Console | None = None) -> None:
        self._data_dir = data_dir
        self._url = url
        self._console = console or Console()

    def starting(self) -> None:
        self._say(f"Starting Podline in {self._data_dir} …")

    def ready(self, children: Sequence[Child]) -> None:
        table = Table(box=None, pad_edge=False)
        for column in ("", "pid", "where", "log"):
            table.add_column(column, overflow="fold")
        for child in children:
            program = child.program
            table.add_row(program.name, str(child.pid), program.address, str(child.log))
        self._console.print(table)
        self._say(
            f"\nPodline is ready at {self._url}. The key is in {self._data_dir / 'key'}.\n"
            "In another terminal: podline run FILE. Ctrl-C stops everything."
        )

    def restarted(self, child: Child) -> None:
        self._say(f"{child.program.name} runs again (pid {child.pid})")

    def died(self, child: Child, status: int, pause: float) -> None:
        how = f"exit code {status}" if status >= 0 else signal.Signals(-status).name
        self._say(
            f"{child.program.name} ended ({how}), see {child.log}; it starts again in {pause:.1f} s"
        )

    def stopping(self) -> None:
        self._say("Stopping …")

    def killed(self, child: Child) -> None:
        self._say(f"{child.program.name} did not stop in time and was killed")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
