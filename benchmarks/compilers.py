"""What it takes to compile and run a hello: bare, in a jail, and with what was prepared for it."""

import resource
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from app.domain.language import Language
from app.domain.policy import DEFAULT_COMPILE_LIMITS
from app.infrastructure.sandbox import conversion
from benchmarks.measure import MILLISECONDS, p50, p95, table
from sandbox.init.program import Program
from sandbox.init.protocol import PROGRAM
from sandbox.languages import load
from sandbox.languages.commands import CACHES
from sandbox.toolchains import caches
from sandbox.toolchains.search import Toolchain, versions_of
from tests.support.sandbox_daemon import SandboxDaemon, a_pod
from tests.support.waiting import wait_until

TITLE: Final = "Compile and run a hello (ms)"
_IN_CPP: Final = "#include <%s>\nint main() { std::cout << 1 << '\\n'; }"
_HELLOS: Final = {
    "c": ("c", '#include <stdio.h>\nint main(void) { puts("1"); return 0; }'),
    "cpp, `iostream`": ("cpp", _IN_CPP % "iostream"),
    "cpp, `bits/stdc++.h`": ("cpp", _IN_CPP % "bits/stdc++.h"),
    "go": ("go", 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(1) }'),
    "rust": ("rust", 'fn main() { println!("1"); }'),
    "typescript": ("typescript", "console.log(1)"),
    "java": (
        "java",
        "public class Main { public static void main(String[] a) { System.out.println(1); } }",
    ),
}
_ARGUMENT_WITHOUT_EFFECT: Final = ("-DUNUSED",)
"""C++ is compiled without what was prepared if a submission has arguments of its own."""
_SECONDS_TO_PREPARE: Final = 300
_AMPLE: Final = replace(DEFAULT_COMPILE_LIMITS, wall_seconds=60, cpu_seconds=60, memory_mib=1024)
_WARM_UP: Final = 2
_LINE: Final = "LD_PRELOAD"

_numbers = count(1)


def run(*, quick: bool) -> str:
    """Languages that this host lacks are left out."""
    with ExitStack() as parts:
        folder = Path(parts.enter_context(TemporaryDirectory(prefix="podline-compilers-")))
        daemon = SandboxDaemon(folder, bays=1)
        daemon.start()
        parts.callback(daemon.stop)
        wait_until(
            lambda: "languages are prepared" in daemon.log.read_text(), within=_SECONDS_TO_PREPARE
        )
        offered = {language.name: language for language in daemon.runtime.languages()}
        rows = [
            [f"{name}: {case}", *figures]
            for name, (language, source) in _HELLOS.items()
            if language in offered
            for case, figures in _figures(
                _cases(daemon, offered[language], source, folder), rounds=2 if quick else 9
            ).items()
        ]
    return table(["", "compiler, CPU p50", "p95", "from start to end, p50", "p95"], rows)


def _cases(
    daemon: SandboxDaemon, language: Language, source: str, folder: Path
) -> Mapping[str, Callable[[], float]]:
    """Each returns the milliseconds of CPU time that the compiler took."""
    (toolchain, *_) = versions_of(load()[language.name])
    cases: dict[str, Callable[[], float]] = {
        "bare": _Bare(toolchain, language, source, folder / str(next(_numbers))).run,
        "jail": partial(_in_jail, daemon, language, source),
    }
    if toolchain.spec.name == "cpp":
        cases["jail, nothing prepared"] = partial(
            _in_jail, daemon, language, source, _ARGUMENT_WITHOUT_EFFECT
        )
    return cases


def _figures(
    cases: Mapping[str, Callable[[], float]], rounds: int
) -> Mapping[str, tuple[float, ...]]:
    """In turns."""
    cpu: dict[str, list[float]] = {case: [] for case in cases}
    wall: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(_WARM_UP + rounds):
        for case, act in cases.items():
            started = perf_counter()
            cpu[case].append(act())
            wall[case].append(MILLISECONDS * (perf_counter() - started))
    return {
        case: tuple(
            figure(times[case][_WARM_UP:]) for times in (cpu, wall) for figure in (p50, p95)
        )
        for case in cases
    }


def _in_jail(
    daemon: SandboxDaemon, language: Language, source: str, compile_args: tuple[str, ...] = ()
) -> float:
    observation, output = daemon.run(
        language.name, source, compile_args=compile_args, compile_limits=_AMPLE
    )
    assert output.run, observation
    assert output.run.stdout == b"1\n", output
    assert observation.report
    assert observation.report.compile
    assert observation.report.compile.cpu_us is not None
    return observation.report.compile.cpu_us / MILLISECONDS


class _Bare:
    """The same commands as in a jail, with nothing prepared that the language can do without."""

    def __init__(self, toolchain: Toolchain, language: Language, source: str, folder: Path) -> None:
        """`folder` is a new one."""
        folder.mkdir()
        self._toolchain = toolchain
        self._folder = folder
        self._file = folder / language.source_name
        self._source = source
        pod = conversion.for_sandbox(a_pod(language, source))
        self._compile = toolchain.compile_program(pod)
        self._program = toolchain.run_program(pod, pod.runs[0], "", memory_is_counted=True)
        self._cache = folder / "cache"
        if toolchain.spec.prepare and not toolchain.spec.prepared_args:
            shutil.copytree(caches.folder_for(toolchain.cache_name), self._cache)

    def run(self) -> float:
        """Compile what no cache has, and run it. Returns the compiler's milliseconds."""
        self._file.write_text(f"{self._source} // {next(_numbers)}")
        made = self._folder / "program"
        if made.is_file():
            made.unlink()
        before = _children_seconds()
        self._ended(self._compile)
        taken = _children_seconds() - before
        assert self._ended(self._program) == b"1\n"
        return MILLISECONDS * taken

    def _ended(self, program: Program) -> bytes:
        return subprocess.run(
            [self._here(part) for part in program.argv],
            env={name: self._here(value) for name, value in program.env.items() if name != _LINE},
            cwd=self._folder,
            capture_output=True,
            check=True,
        ).stdout

    def _here(self, text: str) -> str:
        return (
            text.replace(f"{CACHES}/{self._toolchain.cache_name}", str(self._cache))
            .replace(PROGRAM, f"{self._folder}/program")
            .replace("/box/work", str(self._folder))
        )


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
