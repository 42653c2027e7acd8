"""The sandbox alone: a separate daemon, used through the runtime's adapter."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.domain.report import Phase
from app.service.outputs import Ended
from benchmarks.api import PRINT_1
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language

_SECONDS_PER_LOOK: Final = 2.0
_LONGEST_LOOKS: Final = 15


class Sandbox:
    """Runs `print(1)` with the same calls as the pipeline. Thread-safe."""

    def __init__(self, daemon: SandboxDaemon) -> None:
        self.daemon = daemon
        self._runtime = daemon.runtime
        self._python = language(daemon.runtime, "python")
        self._numbers = count(1)
        self._ended: list[str] = []

    def run(self) -> None:
        """Run one pod and delete it."""
        self._runtime.delete(self._run())

    def run_until_known(self) -> None:
        """Run one pod to its verdict and output, and leave its deletion to `clean_up`."""
        self._ended.append(self._run())

    def clean_up(self) -> None:
        while self._ended:
            self._runtime.delete(self._ended.pop())

    def _run(self) -> str:
        """Create a pod, wait for its end, and fetch its output unless that comes with the end."""
        pod = a_pod(self._python, PRINT_1, name=f"benchmark-{next(self._numbers)}")
        self._runtime.create(pod)
        for _ in range(_LONGEST_LOOKS):
            seen = self._runtime.observe(pod.name, _SECONDS_PER_LOOK)
            if seen is not None and seen.phase in (Phase.ENDED, Phase.FAULTED):
                break
        assert seen is not None
        output = Ended.of(seen).printed(self._runtime, 0)
        assert output is not None, seen
        assert output.run is not None
        assert output.run.stdout == b"1\n"
        return pod.name


@contextmanager
def daemon(bays: int) -> Iterator[Sandbox]:
    with TemporaryDirectory(prefix="podline-sandbox-") as folder:
        running = SandboxDaemon(Path(folder), bays=bays)
        running.start()
        try:
            yield Sandbox(running)
        finally:
            running.stop()
