"""The folder that holds all environments of a daemon."""

import fcntl
import os
import secrets
import shutil
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from sandbox.environments import environment
from sandbox.environments.environment import Environment
from sandbox.private import FOR_JAILS, PUBLIC, make_folder

FOLDER: Final = "packages"
"""Its name in the data folder of the daemon."""

Stamp: TypeAlias = tuple[int, int] | None


class Busy(Exception):
    """Another process is changing packages; the message names it."""


class Use:
    """Keeps a build for as long as anything refers to this object."""

    def __init__(self, build: Path) -> None:
        self.lock: Final = os.open(build, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self.lock)


class Store:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.builds = folder / FOR_JAILS
        self._file = folder / "installed.json"

    def make(self) -> None:
        """Create the folder. Raises OSError."""
        make_folder(self.folder)
        make_folder(self.builds, PUBLIC)

    def installed(self) -> dict[str, Environment]:
        """By name. Raises BadEnvironments and OSError."""
        return environment.read(self._file)

    def stamp(self) -> Stamp:
        """Changes with everything that `installed` returns."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def lock_file(self, installed: Environment) -> Path:
        return self.builds / installed.build / environment.LOCK

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let one process at a time change packages. Raises Busy and OSError."""
        with (self.folder / "lock").open("a+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                pid = file.read().strip() or "unknown"
                raise Busy(
                    f"another `podline packages` is at work (pid {pid}): try again when it has "
                    "ended"
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    @contextmanager
    def new_build(self, name: str) -> Iterator[Path]:
        """A folder that is removed unless an environment names it at the end. Raises OSError."""
        path = self.builds / f"{name}-{secrets.token_hex(4)}"
        make_folder(path, PUBLIC)
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path
        finally:
            os.close(lock)
            self._remove_if_unused(path)

    def put(self, environments: Mapping[str, Environment]) -> None:
        """Replace all environments at once. Raises OSError."""
        new = self._file.with_suffix(".new")
        new.write_bytes(environment.written(environments))
        os.sync()  # a power failure must leave no build with half of its files in force
        new.replace(self._file)

    def use(self, used: Environment) -> Use | None:
        """Keep the build; None if it is gone already. Raises OSError."""
        path = self.builds / used.build
        try:
            use = Use(path)
            fcntl.flock(use.lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return use if os.path.samestat(path.stat(), os.fstat(use.lock)) else None
        except (BlockingIOError, FileNotFoundError):  # it is being removed
            return None

    def sweep(self) -> None:
        """Remove the builds that no environment names and nobody uses. Raises OSError."""
        with suppress(FileNotFoundError):
            for path in self.builds.iterdir():
                self._remove_if_unused(path)

    def _remove_if_unused(self, path: Path) -> None:
        """A build in the making is locked until it is named, so what is in force is read later."""
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.name not in {each.build for each in self.installed().values()}:
                shutil.rmtree(path)
        except (BlockingIOError, environment.BadEnvironments):
            pass  # it is in use, or may be
        except FileNotFoundError:
            pass  # somebody else has just removed it
        finally:
            os.close(lock)
