"""Runs a worker beside each sandbox daemon whose socket is in a folder, as daemons come and go.

So one container with the service's credentials serves any number of containers with a daemon, which
have none: Compose gives the containers of a service no volume of their own.
"""

import errno
import re
import signal
import socket
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, Protocol

from app.cli.up.child import Child
from app.cli.up.supervisor import STOP_SIGNALS, blocked, wait_for_signal
from app.domain.hosts import HOST_NAME

_NAME: Final = re.compile(rf"{HOST_NAME}\.sock")
LOOK_SECONDS: Final = 1.0
LOOKS: Final = 5
"""One in so many asks whether the workers hang, too."""
GONE_SECONDS: Final = 90.0
"""After that time, a socket where nobody listens was left behind. Docker waits up to a minute
before it starts a container again.
"""


class Reporter(Protocol):
    def came(self, child: Child) -> None: ...

    def refused(self, path: Path, why: str) -> None: ...

    def died(self, child: Child, status: int, pause: float) -> None: ...

    def hung(self, child: Child) -> None: ...

    def went(self, child: Child) -> None: ...

    def killed(self, child: Child) -> None: ...


class Workers:
    """Runs in one thread, as PDEATHSIG is sent when the thread that forked a child ends."""

    def __init__(
        self,
        folder: Path,
        make_child: Callable[[Path], Child],
        refusals: Callable[[Collection[Path]], Mapping[Path, str]],
        reporter: Reporter,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`make_child` gets the path of a socket. `refusals` says which sockets get no worker now,
        and why.
        """
        self._folder = folder
        self._make_child = make_child
        self._refusals = refusals
        self._reporter = reporter
        self._now = now
        self._listened: dict[Path, float] = {}
        """When a daemon listened at a socket last, or when the socket was found."""
        self._children: dict[Path, Child] = {}
        self._leaving: dict[Path, float] = {}
        """When those that were asked to end are killed."""
        self._said: dict[Path, set[str]] = {}
        """What was reported of a socket without a worker."""
        self._looks = 0

    def run(self, looked: Callable[[], object]) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP. No worker is left when this returns.

        A second signal kills those that have not ended yet.

        The daemons stay, and what they run: whoever runs their workers next continues it.
        """
        with blocked(STOP_SIGNALS | {signal.SIGCHLD}):
            try:
                while wait_for_signal(LOOK_SECONDS) not in STOP_SIGNALS:
                    self.look()
                    looked()
                self._listened.clear()
                while self._children:
                    self.look_after_children()
                    if wait_for_signal(LOOK_SECONDS) in STOP_SIGNALS:
                        break
            finally:
                for child in self._children.values():
                    self._kill(child)

    def look(self) -> None:
        """Note which daemons there are, and look after their workers."""
        found = set(filter(_is_of_a_host, self._folder.iterdir()))
        self._listened = {path: at for path, at in self._listened.items() if path in found}
        self._said = {path: said for path, said in self._said.items() if path in found}
        for path in sorted(found):
            if _is_refused(path):
                self._forget_if_gone(path)
                found.remove(path)
            else:
                self._listened[path] = self._now()
        self._add_workers(sorted(found - self._children.keys()))
        self._looks += 1
        self.look_after_children()

    def look_after_children(self) -> None:
        """Start those that are to run and do not, and end those whose daemon is gone."""
        for path, child in list(self._children.items()):
            status = child.reap()
            if path in self._listened and path not in self._leaving:
                self._keep_running(path, child, status)
            elif child.pid is None:
                del self._children[path]
                self._leaving.pop(path, None)
                self._reporter.went(child)
            else:
                self._end(path, child)

    def _forget_if_gone(self, path: Path) -> None:
        if self._now() - self._listened.setdefault(path, self._now()) > GONE_SECONDS:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                self._refuse(path, f"it was left behind, and can't be removed ({error.strerror})")
            del self._listened[path]

    def _add_workers(self, sockets: Collection[Path]) -> None:
        refusals = self._refusals(sockets) if sockets else {}
        for path in sockets:
            if path in refusals:
                self._refuse(path, refusals[path])
            else:
                self._said.pop(path, None)
                self._children[path] = self._make_child(path)
                self._reporter.came(self._children[path])

    def _refuse(self, path: Path, why: str) -> None:
        """Report each reason once."""
        said = self._said.setdefault(path, set())
        if why not in said:
            said.add(why)
            self._reporter.refused(path, why)

    def _keep_running(self, path: Path, child: Child, status: int | None) -> None:
        if status is not None and status == child.program.gives_up:
            # The next look finds out whether another host still has its name.
            del self._children[path]
            self._reporter.went(child)
            return
        now = time.monotonic()
        if status is not None:
            self._reporter.died(child, status, child.next_start - now)
        if child.pid is None and now >= child.next_start:
            child.start()
        child.check_ready()
        if self._looks % LOOKS == 0 and child.hangs():
            self._reporter.hung(child)
            child.kill_hung()

    def _end(self, path: Path, child: Child) -> None:
        if path not in self._leaving:
            self._leaving[path] = self._now() + child.program.stop_seconds
            child.terminate()
        elif self._now() > self._leaving[path]:
            self._kill(child)

    def _kill(self, child: Child) -> None:
        if child.pid is not None:
            self._reporter.killed(child)
            child.kill()


def _is_of_a_host(path: Path) -> bool:
    """A link would lead to the daemon of another host."""
    return bool(_NAME.fullmatch(path.name)) and path.is_socket() and not path.is_symlink()


def _is_refused(path: Path) -> bool:
    """Whether nobody listens there, or nothing is there any more. One who hangs still listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            return probe.connect_ex(str(path)) in (errno.ECONNREFUSED, errno.ENOENT)
        except OSError:  # Its path is too long, so it gets no worker.
            return False
