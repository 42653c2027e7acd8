"""What `podline up` prints."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console, RenderableType
from rich.table import Table

from app.api.built_page import BUILT
from app.cli.console import link
from app.cli.up.child import Child
from app.cli.up.folder import KEY
from app.cli.up.instance import HOST, Instance
from app.settings.sources import variable
from podline import Client, PodlineError

_LINK_SECONDS = 2.0
"""The API responds by then, or is unavailable."""


def full(data_dir: Path) -> None:
    """Report a full disk, before anything else is known."""
    _early(f"The disk of {data_dir} is full. Podline will start when there is space …")


def unavailable(what: str, reason: str) -> None:
    """Report a dependency that can't be used, before the children start."""
    _early(f"The {what} is unavailable: {reason}. Podline starts, and keeps trying.")


def waits_for_redis(reason: str) -> None:
    """Report that nothing starts yet."""
    reason = reason.rstrip(".")
    _early(f"Redis is unavailable: {reason}. Podline will start when it is available …")


def rewritten(file: Path) -> None:
    """Report that a file of an older release was brought into a form that can shrink."""
    _early(f"{file} was rewritten, so that it can shrink from now on.")


def _early(text: str) -> None:
    with suppress(OSError):
        Console().print(text, highlight=False, markup=False, soft_wrap=True)


class Report:
    """Reports what runs where, and what happens to it.

    Output that can't be written (a closed terminal, a full disk) doesn't stop the service.
    """

    def __init__(self, data_dir: Path, what: str = "Podline") -> None:
        """`what` starts there."""
        self._data_dir = data_dir
        self._what = what
        self._console = Console()

    def starting(self) -> None:
        self._print(f"Starting {self._what} in {self._data_dir} …")

    def ready(self, children: Sequence[Child]) -> None:
        table = Table("", "pid", "where", "log", box=None, pad_edge=False)
        for child in children:
            program = child.program
            table.add_row(
                program.name,
                str(child.pid),
                self._short(program.address),
                self._short(child.log or ""),
            )
        self._print(table)
        self._print(self._when_ready())

    def _when_ready(self) -> str:
        """What to do next."""
        raise NotImplementedError

    def restarted(self, child: Child) -> None:
        self._print(f"{child.program.name} is running again (pid {child.pid})")

    def died(self, child: Child, status: int, pause: float) -> None:
        how = f"exit code {status}" if status >= 0 else signal.Signals(-status).name
        where = f", see {child.log}" if child.log else ""
        self._print(f"{child.program.name} ended ({how}){where}; restarting in {pause:.1f} s")

    def hung(self, child: Child) -> None:
        self._print(f"{child.program.name} (pid {child.pid}) does not respond, and is killed")

    def draining(self) -> None:
        self._print("Draining: it takes no more programs, and ends when the last one has ended …")

    def stopping(self) -> None:
        self._print("Stopping …")

    def killed(self, child: Child) -> None:
        self._print(f"{child.program.name} did not stop in time and was killed")

    def _short(self, where: str | Path) -> str:
        """Omit the data folder, which was printed at the start."""
        return str(where).removeprefix("unix://").removeprefix(f"{self._data_dir}/")

    def _print(self, what: RenderableType) -> None:
        # Rich itself would end the process on a broken pipe.
        with self._console.capture() as printed:
            self._console.print(what, highlight=False, markup=False, soft_wrap=True)
        with suppress(OSError):
            sys.stdout.write(printed.get())
            sys.stdout.flush()


class UpReport(Report):
    """Reports what `podline up` runs."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance.data_dir)
        self._instance = instance

    def _when_ready(self) -> str:
        return (
            f"\nReady at {self._instance.url}; the key is in {self._instance.data_dir / KEY}.\n"
            f"{self._page()}\n"
            f"Flower's user is {self._instance.flower_user}; "
            f"{self._instance.flower_password_hint}.\n"
            f"{''.join(self._doors())}"
            "In another terminal: podline run FILE. Ctrl-C here stops everything."
        )

    def _page(self) -> str:
        """A link that signs in to the web page."""
        if not (BUILT / "index.html").exists():
            return "The web page was not built: the address above says how to build it."
        key = (self._instance.data_dir / KEY).read_text(encoding="ascii").strip()
        try:
            with Client(self._instance.url, key, retries=0) as client:
                found = link(client, timeout=_LINK_SECONDS)
        except PodlineError:
            return "For a link that signs you in to the web page: podline console"
        return (
            f"Web page: {found}\n"
            "(This link works once, within five minutes; podline console prints another.)"
        )

    def _doors(self) -> Iterator[str]:
        """What differs from the other ways in."""
        for door, port in self._instance.door_ports.items():
            yield f"The door for {door} is also at http://{HOST}:{port}.\n"
        if keyless := ", ".join(self._instance.keyless):
            yield (
                f"\nWARNING: without a key, anyone who reaches the API can run programs through "
                f"these doors: {keyless}.\n"
                f"Unset {variable('keyless.doors')} to require keys again.\n\n"
            )
