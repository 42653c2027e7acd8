"""What the next jail is made of: the kit changes with the packages that are installed."""

import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sandbox.daemon.made_files import made_files
from sandbox.environments import BadEnvironments, Environment, Store, Use
from sandbox.jail.kit import JailKit
from sandbox.toolchains.search import Toolchains

_TRIES: Final = 5
"""Each is another change of packages that happened meanwhile."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages on this host, and the path by which jails are shown their builds."""

    store: Store
    reach: str


class Kits:
    """Safe for many threads."""

    def __init__(
        self, kit: JailKit, toolchains: Toolchains, packages: Packages | None, *, spare_bay: int = 0
    ) -> None:
        """Without `packages`, jails have none. `spare_bay` is the number of one without pods."""
        self._spare_bay = spare_bay
        self._making = threading.Lock()
        self._without_packages = kit
        self._current = kit
        self._toolchains = toolchains
        self._packages = packages
        self._lock = threading.Lock()
        self._stamp: object = None

    def current(self) -> JailKit:
        return self._current

    def refresh(self) -> None:
        """Notice packages that were added or removed. Costs one system call if none were."""
        if self._packages and self._packages.store.stamp() != self._stamp:
            with self._lock:
                self._load(self._packages)

    def left(self, mounts: Sequence[str]) -> None:
        """One of the bays has no jails with these mounts any more."""
        if self._packages and mounts != self._current.mounts:
            threading.Thread(target=_sweep, args=[self._packages.store], name="sweep").start()

    def _load(self, packages: Packages) -> None:
        """The kit first: a tool chain never names packages that a jail may lack."""
        stamp = packages.store.stamp()
        if stamp == self._stamp:
            return
        try:
            found, uses = _in_use(packages.store)
        except (BadEnvironments, OSError) as error:
            log.error("packages stay as they were: %s", error)
        else:
            suitable = {name: each for name, each in found.items() if _can_be_shown(each)}
            shown = tuple(_mounts(packages.reach, suitable.values()))
            base = self._without_packages
            self._current = replace(base, mounts=(*base.mounts, *shown), uses=uses)
            self._toolchains.offer_packages(suitable)
            log.info("packages: %s", _names_of(suitable))
            threading.Thread(
                target=self._after_change, args=[packages.store], name="packages", daemon=True
            ).start()
        self._stamp = stamp

    def _after_change(self, store: Store) -> None:
        self._make_files(store.builds)
        _sweep(store)

    def _make_files(self, builds: Path) -> None:
        """One jail at a time, in a bay that no pod uses."""
        with self._making:
            kit = self._current
            for toolchain in self._toolchains.with_packages():
                if toolchain.installed:
                    build = builds / toolchain.installed.build
                    files = made_files(kit, self._spare_bay, toolchain, build)
                    self._toolchains.offer_files(toolchain, files)


def _in_use(store: Store) -> tuple[Mapping[str, Environment], tuple[Use, ...]]:
    """All environments, none of which is removed while it is used. Raises OSError."""
    for _ in range(_TRIES):
        found = store.installed()
        uses = [store.use(each) for each in found.values()]
        if all(uses):
            return found, tuple(use for use in uses if use)
    raise FileNotFoundError("the files of an environment are missing: add its packages again")


def _can_be_shown(environment: Environment) -> bool:
    """nsjail would create a missing folder: on the host, if the host's own is mounted there."""
    below_root = environment.target.count("/") == 1
    if below_root or os.path.isdir(environment.target):
        return True
    log.error(
        "%s has no packages, because %s is gone: add them again",
        environment.name,
        environment.target,
    )
    return False


def _mounts(reach: str, environments: Iterable[Environment]) -> list[str]:
    return [f"{reach}/{each.build}/{each.shown}:{each.target}" for each in environments]


def _names_of(environments: Mapping[str, Environment]) -> str:
    return ", ".join(f"{len(each.packages)} for {name}" for name, each in environments.items())


def _sweep(store: Store) -> None:
    try:
        store.sweep()
    except OSError as error:
        log.warning("could not remove packages that nothing uses: %s", error)
