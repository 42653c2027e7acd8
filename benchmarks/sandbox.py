"""The sandbox alone: a daemon of the benchmark's own, used through the runtime's adapter."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.domain.pod import Phase
from benchmarks.api import PRINT_1
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language

_SECONDS_PER_LOOK: Final = 2.0
_LONGEST_LOOKS: Final = 15


class Sandbox:
    """Runs `print(1)` as the pipeline does, but for the pipeline: may be used by many threads."""

    def __init__(self, daemon: SandboxDaemon) -> None:
        self.daemon = daemon
        self._runtime = daemon.runtime
        self._python = language(daemon.runtime, "python")
        self._numbers = count(1)
        self._ended: list[str] = []

    def run(self) -> None:
        """To the end of all that there is to do for one pod."""
        self._runtime.delete(self._run())

    def run_until_known(self) -> None:
        """Until its verdict and its output are known; `clean_up` does the rest."""
        self._ended.append(self._run())

    def clean_up(self) -> None:
        while self._ended:
            self._runtime.delete(self._ended.pop())

    def _run(self) -> str:
        """Create, wait for the end, take the output."""
        pod = a_pod(self._python, PRINT_1, name=f"benchmark-{next(self._numbers)}")
        self._runtime.create(pod)
        for _ in range(_LONGEST_LOOKS):
            seen = self._runtime.observe(pod.name, _SECONDS_PER_LOOK)
            assert seen is not None
            if seen.phase in (Phase.ENDED, Phase.FAULTED):
                break
        output = self._runtime.output(pod.name)
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
