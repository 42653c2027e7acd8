"""Pods on disk until they are deleted, so that a verdict outlives the daemon that reached it.

Each pod has a file, which is incomplete until the pod has ended. Nothing is synced: a killed
process loses nothing that it wrote, and after a power failure, an incomplete file stands for a pod
that was running.

While the disk is full, what can't be written stays in memory, until there is space again.
"""

import logging
import os
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sandbox.daemon import kept
from sandbox.daemon.kept import NotEnded, Record, Stored
from sandbox.private import make_folder
from sandbox.wire.types import Frame, Observation, Output, Phase

RESTARTED = "the sandbox daemon was restarted"

log = logging.getLogger(__name__)


class Spool:
    """Safe for many threads, except that a record belongs to the thread that runs the pod."""

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._folder = folder
        self._lock = threading.Lock()
        self._unwritten: dict[str, Record] = {}

    def begin(self, name: str) -> Record:
        """From now on the pod is known, whatever happens to the daemon.

        On a full disk the pod runs all the same, but a daemon that is killed then forgets it.
        """
        path = self._folder / name
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except OSError as error:
            log.warning("pod %s is not on disk: %s", name, error)
        return Record(path)

    def end(self, record: Record, observation: Observation) -> Observation:
        """Keep the pod. Returns the observation with what the pod printed, if that is little."""
        record.close(observation)
        output = record.stored().output(0) if record.is_little else None
        try:
            record.write()
        except OSError as error:
            log.warning("pod %s stays in memory: %s", observation.name, error)
            with self._lock:
                self._unwritten[observation.name] = record
        return replace(observation, output=output)

    def remove(self, name: str) -> None:
        with self._lock:
            self._unwritten.pop(name, None)
            (self._folder / name).unlink(missing_ok=True)
            self._write_what_waits()

    def _write_what_waits(self) -> None:
        with suppress(OSError):
            for name, record in list(self._unwritten.items()):
                record.write()
                del self._unwritten[name]

    def names(self) -> list[str]:
        return [entry.name for entry in os.scandir(self._folder)]

    def observation(self, name: str) -> Observation | None:
        """None if there is no such pod. One that has not ended was lost by an earlier daemon."""
        try:
            stored = self._stored(name)
            return kept.observation_of(stored) if stored else None
        except (ValueError, KeyError, TypeError) as error:
            if not isinstance(error, NotEnded):
                log.warning("the stored state of pod %s is incomplete: %s", name, error)
            return Observation(name=name, phase=Phase.FAULTED, message=RESTARTED)

    def output(self, name: str, first_run: int) -> Output | None:
        """Of a pod that has ended."""
        try:
            stored = self._stored(name)
            return stored.output(first_run) if stored else None
        except FileNotFoundError:
            return None  # it was deleted meanwhile

    def artifact(self, name: str, index: int, start: int) -> bytes | None:
        """Of a pod that has ended."""
        try:
            stored = self._stored(name)
            return stored.artifact(index, start) if stored else None
        except FileNotFoundError:
            return None

    def frames(self, name: str, after: int) -> list[Frame]:
        """Of a pod that has ended."""
        try:
            stored = self._stored(name)
            return stored.frames(after) if stored else []
        except FileNotFoundError:
            return []

    def _stored(self, name: str) -> Stored | None:
        with self._lock:
            if record := self._unwritten.get(name):
                return record.stored()
        try:
            return kept.load(self._folder / name)
        except FileNotFoundError:
            return None
