"""Which languages can be run on this host, and how."""

import logging
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.pod import Pod
from app.domain.records import Language
from app.domain.submission import Limits
from app.infrastructure.sandbox.program import Program
from app.languages import LanguageSpec, fill_in

_PROGRAM: Final = "/box/program"
_ENV: Final = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/box/work",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
}
_SECONDS_TO_SAY_VERSION: Final = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """One language in one version, found on the host."""

    spec: LanguageSpec
    executable: str
    version: str

    @property
    def language(self) -> Language:
        return Language(
            name=self.spec.name,
            version=self.version,
            source_name=self.spec.source,
            compiled=bool(self.spec.compile),
        )

    def compile_program(self, pod: Pod) -> Program:
        argv = self._argv(self.spec.compile, pod, pod.compile_limits)
        env = {**_ENV, **self.spec.env}
        return self._program(argv, env, b"", pod.compile_limits)

    def run_program(self, pod: Pod) -> Program:
        argv = [*self._argv(self.spec.run, pod, pod.limits), *pod.args]
        return self._program(argv, {**_ENV, **self.spec.env, **pod.env}, pod.stdin, pod.limits)

    def _argv(self, template: tuple[str, ...], pod: Pod, limits: Limits) -> list[str]:
        return fill_in(
            template,
            executable=self.executable,
            entrypoint=pod.entrypoint,
            sources=[file.name for file in pod.files if file.name.endswith(self.spec.suffixes)],
            program=_PROGRAM,
            memory_mib=limits.memory_mib,
        )

    def _program(
        self, argv: list[str], env: Mapping[str, str], stdin: bytes, limits: Limits
    ) -> Program:
        return Program(
            argv=argv, env=env, stdin=stdin, limits=limits, spare_processes=self.spec.threads
        )


def find_toolchains(specs: Mapping[str, LanguageSpec]) -> dict[str, Toolchain]:
    """By language. What is not to be had here is said in the log."""
    found = {}
    for name, spec in specs.items():
        toolchain = next(filter(None, (_look(spec, path) for path in spec.executables)), None)
        if toolchain is None:
            log.warning("%s is not to be had here: none of %s", name, ", ".join(spec.executables))
        else:
            log.info("%s %s: %s", name, toolchain.version, toolchain.executable)
            found[name] = toolchain
    return found


def _look(spec: LanguageSpec, path: str) -> Toolchain | None:
    if not os.access(path, os.X_OK):
        return None
    try:
        said = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=_SECONDS_TO_SAY_VERSION,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("%s does not say its version: %s", path, error)
        return None
    version = re.search(spec.version, said.stdout or said.stderr)
    if version is None:
        log.warning("%s says no version that is known: %s", path, said.stdout[:100])
        return None
    return Toolchain(spec, path, version.group(1))
