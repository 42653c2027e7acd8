"""A real sandbox daemon in a temporary folder, and pods for it."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic

import psutil

from app.domain.errors import RuntimeUnavailable
from app.domain.language import Language
from app.domain.pod import Pod, Run
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Observation, Output, Phase
from app.domain.submission import File
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.ports import Runtime
from sandbox.jail import kit
from tests.support.cgroups import cgroups
from tests.support.waiting import wait_until

SECONDS_TO_END = 100

_OF_A_RUN = {"stdin", "args", "env", "limits"}

_numbers = count(1)


def a_pod(language: Language, source: str | bytes = b"", **facts: object) -> Pod:
    """Return a pod with one file and one run, with any field of either overridden."""
    content = source.encode() if isinstance(source, str) else source
    given: dict[str, object] = {
        "name": f"pod{next(_numbers)}-1",
        "language": language.name,
        "language_version": language.version,
        "files": (File(language.source_name, content),),
        "entrypoint": language.source_name,
        "runs": (a_run(**{name: facts.pop(name) for name in _OF_A_RUN & facts.keys()}),),
        "compile_limits": DEFAULT_COMPILE_LIMITS,
        "wall_seconds": 600,
    }
    return Pod(**given | facts)  # type: ignore[arg-type]  # names that a test gives


def a_run(**facts: object) -> Run:
    """Return a run without input, with any field overridden."""
    given: dict[str, object] = {"stdin": b"", "args": (), "env": {}, "limits": DEFAULT_LIMITS}
    return Run(**given | facts)  # type: ignore[arg-type]  # names that a test gives


def language(runtime: Runtime, name: str) -> Language:
    return next(found for found in runtime.languages() if found.name == name)


def wait_for_end(runtime: Runtime, pod: Pod) -> Observation:
    """Create the pod, and wait until it has ended or faulted."""
    deadline = monotonic() + SECONDS_TO_END
    changes = runtime.watch(lambda: monotonic() > deadline)
    runtime.create(pod)
    for name in changes:
        observation = runtime.observe(pod.name) if name == pod.name else None
        if observation and observation.phase in (Phase.ENDED, Phase.FAULTED):
            return observation
    raise AssertionError(f"{pod.name} did not end in {SECONDS_TO_END} s")


def _is_init(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[:1] == ["init"] and not process.children()
    except psutil.NoSuchProcess:
        return False


@dataclass(slots=True)
class SandboxDaemon:
    """A daemon whose data folder survives restarts."""

    folder: Path
    bays: int = 4
    slots: int | None = None
    """How many pods run at once, as on a sandbox host. By default, one for each bay."""
    ready_jails: int | None = None
    ahead: str = os.environ.get("PODLINE_TEST_AHEAD", "never")
    """When compilers are started ahead. With `always`, all tests have those."""
    languages: Path | None = None
    """A file with more languages."""
    wrapper: tuple[str, ...] = ()
    """A command that starts the daemon differently, such as as another user."""
    runtime: SandboxRuntime = field(init=False)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.runtime = SandboxRuntime(self.socket)

    @property
    def socket(self) -> Path:
        return self.folder / "sandbox.sock"

    @property
    def command(self) -> list[str]:
        return [
            *(*self.wrapper, sys.executable, "-m", "sandbox.daemon"),
            *("--socket", str(self.socket), "--data", str(self.folder / "data")),
            *("--bays", str(self.bays), "--ahead", self.ahead),
            *(() if self.slots is None else ("--slots", str(self.slots))),
            *(() if self.languages is None else ("--languages", str(self.languages))),
            *(() if self.ready_jails is None else ("--ready-jails", str(self.ready_jails))),
        ]

    @property
    def log(self) -> Path:
        return self.folder / "sandbox.log"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it, and return once it accepts requests."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stderr=log)
        wait_until(self._answers, within=120)

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log.read_text()
        try:
            self.runtime.ping()
        except RuntimeUnavailable:
            return False
        return True

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Send SIGKILL to the daemon only."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Send SIGTERM, and return the exit code."""
        self.terminate()
        return self.wait()

    def terminate(self) -> None:
        assert self._process
        self._process.terminate()

    def wait(self) -> int:
        """Return the exit code once it has ended."""
        assert self._process
        return self._process.wait()

    def cgroups(self) -> list[Path]:
        """Return the control groups that contain those of its bays, or none without cgroups."""
        return cgroups(kit.name_of(self.folder / "data"))

    def processes(self) -> list[psutil.Process]:
        """Return every process in its jails, including nsjail and the jails that wait."""
        return psutil.Process(self.pid).children(recursive=True)

    def jailed(self) -> list[psutil.Process]:
        """Return every process of the jails that contain more than init."""
        jailed = []
        for nsjail in psutil.Process(self.pid).children():
            with suppress(psutil.NoSuchProcess):
                inside = nsjail.children(recursive=True)
                jailed += inside if len(inside) > 1 else []
        return jailed

    def waiting_jails(self) -> list[psutil.Process]:
        """Return the init processes of the jails that are ready."""
        return [process for process in self.processes() if _is_init(process)]

    def run(self, name: str, source: str | bytes, **facts: object) -> tuple[Observation, Output]:
        """Run a program in that language to its end."""
        pod = a_pod(language(self.runtime, name), source, **facts)
        observation = wait_for_end(self.runtime, pod)
        output = self.runtime.output(pod.name)
        self.runtime.delete(pod.name)
        assert output, observation.message
        return observation, output
