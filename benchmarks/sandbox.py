"""The sandbox alone: a daemon of the benchmark's own, used through the runtime's adapter."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.domain.pod import Phase, Pod
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.submission import File
from app.infrastructure.embedded.probes import socket_accepts
from app.infrastructure.sandbox.runtime import SandboxRuntime
from benchmarks.api import PRINT_1
from tests.waiting import wait_until

_LONGEST: Final = 30


class Sandbox:
    """Runs `print(1)` as the pipeline does, but for the pipeline: may be used by many threads."""

    def __init__(self, runtime: SandboxRuntime) -> None:
        self._runtime = runtime
        self._version = next(
            found.version for found in runtime.languages() if found.name == "python"
        )
        self._numbers = count(1)
        self._changed: dict[str, threading.Event] = {}
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def run(self) -> None:
        """Create, wait for the watch to say that it ended, take the output, delete."""
        name = f"benchmark-{next(self._numbers)}"
        changed = self._changed[name] = threading.Event()
        self._runtime.create(self._pod(name))
        while not self._has_ended(name):
            assert changed.wait(_LONGEST), f"nothing was heard of {name}"
            changed.clear()
        output = self._runtime.output(name)
        assert output is not None
        assert output.run is not None
        assert output.run.stdout == b"1\n"
        self._runtime.delete(name)
        del self._changed[name]

    def stop(self) -> None:
        self._stopping.set()
        self._watcher.join()

    def _has_ended(self, name: str) -> bool:
        observation = self._runtime.observe(name)
        assert observation is not None, f"{name} is gone"
        assert observation.phase is not Phase.FAULTED, observation
        return observation.phase is Phase.ENDED

    def _watch(self) -> None:
        for name in self._runtime.watch(self._stopping.is_set):
            if changed := self._changed.get(name):
                changed.set()

    def _pod(self, name: str) -> Pod:
        return Pod(
            name=name,
            language="python",
            language_version=self._version,
            files=(File("main.py", PRINT_1.encode()),),
            entrypoint="main.py",
            stdin=b"",
            args=(),
            env={},
            limits=DEFAULT_LIMITS,
            compile_limits=DEFAULT_COMPILE_LIMITS,
        )


@contextmanager
def daemon(slots: int) -> Iterator[Sandbox]:
    with TemporaryDirectory(prefix="podline-sandbox-") as folder:
        socket = Path(folder) / "sandbox.sock"
        command = ["-m", "app.infrastructure.sandbox.daemon"]
        command += ["--socket", str(socket), "--data", folder, "--slots", str(slots)]
        process = subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: socket_accepts(socket))
            sandbox = Sandbox(SandboxRuntime(socket))
            try:
                yield sandbox
            finally:
                sandbox.stop()
        finally:
            process.terminate()
            process.wait()
