"""A bay: room for one pod at a time, and the jail that waits there for the next pod."""

import logging
import os
from typing import Final

from sandbox.daemon.kits import Kits
from sandbox.jail.jail import Jail
from sandbox.jail.launcher import Launcher
from sandbox.metering.meter import Meter

FIRST_DISK_MIB: Final = 16
"""Size of the box that a new daemon prepares for: the service's default limit."""
_LAST_WORDS_BYTES: Final = 1024

log = logging.getLogger(__name__)


class Bay:
    """Used by its own thread alone, except for `suits`.

    All limits of a pod but one are set when its program starts. The size of the box is fixed when
    its jail is made, so the next jail gets a box as large as the last pod's.
    """

    def __init__(self, number: int, meter: Meter, kits: Kits, *, keeps_jail: bool) -> None:
        self.number = number
        self.meter = meter
        self._kits = kits
        self._keeps_jail = keeps_jail
        self._jail: Jail | None = None
        self._launcher: Launcher | None = None
        self._disk_mib = FIRST_DISK_MIB
        self._log = os.memfd_create("jail-log")

    def suits(self, disk_mib: int) -> int:
        """How soon such a pod would start here: the higher, the sooner."""
        jail = self._jail
        if jail is None:
            return 1
        return 2 if jail.disk_mib == disk_mib else 0

    def keep_jail(self) -> None:
        """Request a jail, if this bay keeps one. Returns before the jail is set up."""
        if not self._keeps_jail or self._jail:
            return
        try:
            self._jail = self._open_jail(self._disk_mib)
        except OSError as error:
            log.warning("could not set up a jail in advance: %s", error)

    def drop_jail(self) -> None:
        """Remove the jail and its nsjail completely."""
        launcher, self._launcher = self._launcher, None
        if launcher:
            launcher.close()
        if self._jail:
            self._jail.close()
            self._jail = None
        if launcher:
            self._kits.left(launcher.mounts)

    def take_jail(self, disk_mib: int) -> Jail:
        """Return the waiting jail if it fits and still lives, or a new one. Raises OSError."""
        jail, self._disk_mib = self._jail, disk_mib
        if jail and jail.disk_mib == disk_mib and self.is_current() and not jail.is_gone():
            self._jail = None
            return jail
        if jail:
            self.drop_jail()
        return self._open_jail(disk_mib)

    def await_jail(self) -> None:
        """Wait until the waiting jail is set up, so that the next pod needn't."""
        try:
            if self._jail:
                self.settle(self._jail)
        except OSError as error:
            log.warning("a jail that was set up in advance can't be used: %s", error)
            self.drop_jail()

    def settle(self, jail: Jail) -> bool:
        """Wait until the jail is set up and its resources are measured, if it is not yet.

        Returns False if it could not be set up. Raises OSError.
        """
        if jail.init_pid:
            return True
        if not jail.wait_until_ready():
            return False
        self.meter.adopt(jail.init_pid)
        return True

    def clear(self, jail: Jail, *, another_follows: bool = False) -> None:
        """Return once nothing in that jail runs any more.

        If this bay keeps a jail, or the pod needs another one, nsjail makes that one meanwhile.
        """
        if not jail.is_gone():  # so init lives, and nothing else of it
            self.meter.lift()
        if not ((self._keeps_jail or another_follows) and jail.init_pid):
            self.drop_jail()
        jail.close()

    def last_words(self) -> str:
        """What nsjail logged about the jail that was requested last."""
        return os.pread(self._log, _LAST_WORDS_BYTES, 0).decode(errors="replace").strip()

    def _open_jail(self, disk_mib: int) -> Jail:
        self.meter.lift()
        os.ftruncate(self._log, 0)
        os.lseek(self._log, 0, os.SEEK_SET)
        return self._launcher_for(disk_mib).open_jail()

    def _launcher_for(self, disk_mib: int) -> Launcher:
        launcher = self._launcher
        fits = launcher and launcher.disk_mib == disk_mib and self.is_current()
        if launcher and fits and not launcher.is_gone():
            return launcher
        self.drop_jail()
        kit = self._kits.current()
        self._launcher = Launcher(kit, bay=self.number, disk_mib=disk_mib, log=self._log)
        return self._launcher

    def is_current(self) -> bool:
        """Whether its jails see the packages that are installed now."""
        launcher = self._launcher
        return launcher is not None and launcher.mounts == self._kits.current().mounts
