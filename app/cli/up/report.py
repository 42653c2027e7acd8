"""What `podline up` reports: to a person at a terminal, or else as lines of the log."""

import logging
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from logging import ERROR, INFO, WARNING
from pathlib import Path

from rich.console import Console, RenderableType
from rich.table import Table

from app import logs
from app.api.built_page import BUILT
from app.cli.console import link
from app.cli.up.child import Child
from app.cli.up.folder import KEY
from app.cli.up.instance import HOST, Instance
from app.settings import Settings
from app.settings.sources import variable
from podline import Client, PodlineError

_LINK_SECONDS = 2.0
"""The API responds by then, or is unavailable."""

log = logging.getLogger("podline")


def full(data_dir: Path) -> None:
    """Report a full disk, before anything else is known."""
    _say(f"The disk of {data_dir} is full. Podline will start when there is space …", WARNING)


def unavailable(what: str, reason: str) -> None:
    """Report a dependency that can't be used, before the children start."""
    _say(f"The {what} is unavailable: {reason}. Podline starts, and keeps trying.", WARNING)


def waits_for_redis(reason: str) -> None:
    """Report that nothing starts yet."""
    reason = reason.rstrip(".")
    _say(f"Redis is unavailable: {reason}. Podline will start when it is available …", WARNING)


def rewritten(file: Path) -> None:
    """Report that a file of an older release was brought into a form that can shrink."""
    _say(f"{file} was rewritten, so that it can shrink from now on.")


def begin(settings: Settings, role: str) -> None:
    """Prepare the log, unless a person watches."""
    if not sys.stdout.isatty():
        logs.configure(settings.log_format, settings.log_level, role)


def _say(
    text: str,
    level: int = INFO,
    fields: Mapping[str, object] | None = None,
    *,
    terminal: bool | None = None,
) -> None:
    if sys.stdout.isatty() if terminal is None else terminal:
        _print(text)
    else:
        log.log(level, "%s", text, extra={logs.FIELDS: fields or {}})


def _print(what: RenderableType) -> None:
    # Rich itself would end the process on a broken pipe.
    console = Console()
    with console.capture() as printed:
        console.print(what, highlight=False, markup=False, soft_wrap=True)
    with suppress(OSError):
        sys.stdout.write(printed.get())
        sys.stdout.flush()


class Report:
    """Reports what runs where, and what happens to it.

    Output that can't be written (a closed terminal, a full disk) doesn't stop the service.
    """

    def __init__(
        self, data_dir: Path, what: str = "Podline", *, terminal: bool | None = None
    ) -> None:
        """`what` starts there. `terminal` says whether a person watches; None: find out."""
        self._data_dir = data_dir
        self._what = what
        self._terminal = sys.stdout.isatty() if terminal is None else terminal

    def starting(self) -> None:
        self._say(f"Starting {self._what} in {self._data_dir} …")

    def ready(self, children: Sequence[Child]) -> None:
        if self._terminal:
            self._show(children)
            return
        for child in children:
            place = {"pid": child.pid, "address": child.program.address, "log": child.log}
            shown = {name: value for name, value in place.items() if value}
            self._say(f"{child.program.name} runs", fields=shown)
        for level, text in self._lines_when_ready():
            self._say(text, level)

    def _show(self, children: Sequence[Child]) -> None:
        table = Table("", "pid", "where", "log", box=None, pad_edge=False)
        for child in children:
            program = child.program
            table.add_row(
                program.name,
                str(child.pid),
                self._short(program.address),
                self._short(child.log or ""),
            )
        _print(table)
        _print(self._when_ready())

    def _when_ready(self) -> str:
        """What to do next."""
        raise NotImplementedError

    def _lines_when_ready(self) -> Iterator[tuple[int, str]]:
        """For the log. They have no link that signs in, as others may read a log."""
        raise NotImplementedError

    def restarted(self, child: Child) -> None:
        self._say(f"{child.program.name} is running again (pid {child.pid})")

    def died(self, child: Child, status: int, pause: float) -> None:
        how = f"exit code {status}" if status >= 0 else signal.Signals(-status).name
        where = f", see {child.log}" if child.log else ""
        text = f"{child.program.name} ended ({how}){where}; restarting in {pause:.1f} s"
        self._say(text, ERROR)

    def hung(self, child: Child) -> None:
        self._say(f"{child.program.name} (pid {child.pid}) does not respond, and is killed", ERROR)

    def draining(self) -> None:
        self._say("Draining: it takes no more programs, and ends when the last one has ended …")

    def stopping(self) -> None:
        self._say("Stopping …")

    def killed(self, child: Child) -> None:
        self._say(f"{child.program.name} did not stop in time and was killed", WARNING)

    def _short(self, where: str | Path) -> str:
        """Omit the data folder, which was printed at the start."""
        return str(where).removeprefix("unix://").removeprefix(f"{self._data_dir}/")

    def _say(
        self, text: str, level: int = INFO, fields: Mapping[str, object] | None = None
    ) -> None:
        _say(text, level, fields, terminal=self._terminal)


class UpReport(Report):
    """Reports what `podline up` runs."""

    def __init__(self, instance: Instance, *, terminal: bool | None = None) -> None:
        super().__init__(instance.data_dir, terminal=terminal)
        self._instance = instance

    def _when_ready(self) -> str:
        doors = "".join(f"{text}.\n" for text in self._doors())
        warning = self._warning()
        warned = f"\nWARNING: {warning}.\n\n" if warning else ""
        return (
            f"\n{self._ready_at()}.\n{self._page()}\n{self._flower()}.\n{doors}{warned}"
            "In another terminal: podline run FILE. Ctrl-C here stops everything."
        )

    def _lines_when_ready(self) -> Iterator[tuple[int, str]]:
        for text in (self._flower(), *self._doors()):
            yield INFO, text
        if warning := self._warning():
            yield WARNING, warning
        yield INFO, self._ready_at()

    def _ready_at(self) -> str:
        return f"Ready at {self._instance.url}; the key is in {self._instance.data_dir / KEY}"

    def _flower(self) -> str:
        hint = self._instance.flower_password_hint
        return f"Flower's user is {self._instance.flower_user}; {hint}"

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
            yield f"The door for {door} is also at http://{HOST}:{port}"

    def _warning(self) -> str | None:
        if not self._instance.keyless:
            return None
        return (
            "without a key, anyone who reaches the API can run programs through these doors: "
            f"{', '.join(self._instance.keyless)}. "
            f"Unset {variable('keyless.doors')} to require keys again"
        )
