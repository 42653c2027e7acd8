"""Which languages can be run on this host, and how."""

import glob
import logging
import os
import re
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from app.domain.pod import Pod
from app.domain.records import Language
from app.domain.submission import Limits
from app.infrastructure.sandbox import caches
from app.infrastructure.sandbox.mounts import Mounts, Unusable, home_of_tool_chain
from app.infrastructure.sandbox.program import Program
from app.languages import LanguageSpec

_PROGRAM: Final = "/box/program"
_CACHES: Final = "/var/cache/podline"
"""In the jail."""
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_ENV: Final = {"PATH": _PATH, "HOME": "/box/work", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
_SECONDS_TO_SAY_VERSION: Final = 30.0
_HEAP_AT_LEAST: Final = 4
"""A quarter of the limit, however large the overhead."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """One language in one version, found on the host."""

    spec: LanguageSpec
    executable: str
    version: str
    says: str
    """The version in full, as it says it."""

    @property
    def language(self) -> Language:
        return Language(
            name=self.spec.name,
            version=self.version,
            source_name=self.spec.source,
            compiled=bool(self.spec.compile),
            compile_needs=self.spec.compile_needs,
        )

    @property
    def cache_name(self) -> str:
        return f"{self.spec.name}-{self.version}"

    def compile_program(self, pod: Pod) -> Program:
        argv = self._argv(self.spec.compile, pod, pod.compile_limits)
        env = {**_ENV, **self._compile_env(f"{_CACHES}/{self.cache_name}")}
        return self._program(argv, env, b"", pod.compile_limits)

    def run_program(self, pod: Pod) -> Program:
        argv = [*self._argv(self.spec.run, pod, pod.limits), *pod.args]
        return self._program(argv, {**_ENV, **self.spec.env, **pod.env}, pod.stdin, pod.limits)

    def fill_cache(self, filler: caches.Filler) -> bool:
        """Run its `prepare` on the host. False if that failed."""
        folder = caches.folder_for(self.cache_name)
        known = {"executable": self.executable, "cache": str(folder)}
        command = [part.format(**known) for part in self.spec.prepare]
        env = {"PATH": _PATH, **self._compile_env(str(folder))}
        return filler.fill(folder, f"{self.says}{command}{env}", command, env)

    def _compile_env(self, cache: str) -> dict[str, str]:
        known = {"executable": self.executable, "cache": cache}
        return {name: value.format(**known) for name, value in self.spec.compile_env.items()}

    def _argv(self, template: Iterable[str], pod: Pod, limits: Limits) -> list[str]:
        stem = os.path.splitext(pod.entrypoint)[0]
        known = {
            "executable": self.executable,
            "bin": os.path.dirname(self.executable),
            "entrypoint": pod.entrypoint,
            "stem": stem,
            "module": stem.replace("/", "."),
            "program": _PROGRAM,
            "memory_mib": limits.memory_mib,
            "heap_mib": self._heap_mib(limits),
        }
        sources = [file.name for file in pod.files if file.name.endswith(self.spec.suffixes)]
        arguments: list[str] = []
        for part in template:
            arguments += sources if part == "{sources}" else [part.format(**known)]
        return arguments

    def _heap_mib(self, limits: Limits) -> int:
        left = limits.memory_mib - self.spec.overhead_mib
        return max(left, limits.memory_mib // _HEAP_AT_LEAST, 1)

    def _program(
        self, argv: list[str], env: Mapping[str, str], stdin: bytes, limits: Limits
    ) -> Program:
        return Program(
            argv=argv, env=env, stdin=stdin, limits=limits, spare_processes=self.spec.threads
        )


class Toolchains:
    """Those on offer, by language and version. Safe for many threads."""

    def __init__(self, found: Sequence[Toolchain]) -> None:
        self._filler = caches.Filler()
        self._unprepared = [toolchain for toolchain in found if toolchain.spec.prepare]
        self._offered = {
            (toolchain.spec.name, toolchain.version): toolchain
            for toolchain in found
            if not toolchain.spec.prepare
        }

    def languages(self) -> list[Language]:
        return [toolchain.language for toolchain in list(self._offered.values())]

    def get(self, language: str, version: str) -> Toolchain | None:
        return self._offered.get((language, version))

    def prepare(self) -> None:
        """Offer those that have to be made ready first, each as soon as it is."""
        threading.Thread(target=self._prepare, name="prepare", daemon=True).start()

    def stop(self) -> None:
        self._filler.stop()

    def _prepare(self) -> None:
        for toolchain in self._unprepared:
            try:
                filled = toolchain.fill_cache(self._filler)
            except OSError as error:
                log.error("%s can't be prepared: %s", toolchain.cache_name, error)
            else:
                if filled:
                    self._offered[toolchain.spec.name, toolchain.version] = toolchain
        log.info("languages are prepared")


def find_toolchains(specs: Mapping[str, LanguageSpec], mounts: Mounts) -> Toolchains:
    """What is not to be had here, and why, is said in the log."""
    with ThreadPoolExecutor() as pool:
        versions = pool.map(lambda spec: _versions(spec, mounts), specs.values())
        return Toolchains([toolchain for found in versions for toolchain in found])


def _versions(spec: LanguageSpec, mounts: Mounts) -> list[Toolchain]:
    """All that the first pattern which finds something finds."""
    for pattern in spec.executables:
        paths = sorted(glob.glob(os.path.expanduser(pattern)))
        found = {found.version: found for found in _usable(spec, paths, mounts)}
        for toolchain in found.values():
            log.info("%s %s: %s", spec.name, toolchain.version, toolchain.executable)
        if found:
            return list(found.values())
    log.warning("%s is not to be had here: none of %s", spec.name, ", ".join(spec.executables))
    return []


def _usable(spec: LanguageSpec, paths: Iterable[str], mounts: Mounts) -> Iterator[Toolchain]:
    for path in paths:
        try:
            yield _look(spec, path, mounts)
        except (Unusable, OSError) as error:
            log.warning("%s can't be used for %s: %s", path, spec.name, error)
        except subprocess.SubprocessError as error:
            log.warning("%s does not say its version: %s", path, error)


def _look(spec: LanguageSpec, path: str, mounts: Mounts) -> Toolchain:
    executable, folder = home_of_tool_chain(path)
    says = _version_told(executable, spec.says_version)
    version = re.search(spec.version, says)
    if version is None:
        raise Unusable(f"it says no version that is known: {says[:100]}")
    toolchain = Toolchain(spec, executable, version.group(1), says)
    if folder:
        mounts.add(folder)
    for pattern in spec.mounts:
        for needed in glob.glob(os.path.expanduser(pattern)):
            mounts.add(needed)
    if spec.prepare:
        cache = caches.folder_for(toolchain.cache_name)
        caches.make(cache)
        mounts.add_cache(cache, f"{_CACHES}/{toolchain.cache_name}")
    return toolchain


def _version_told(executable: str, arguments: Iterable[str]) -> str:
    """Without the environment of the host, as in a sandbox: what needs more won't start there."""
    told = subprocess.run(
        [executable, *arguments],
        capture_output=True,
        text=True,
        timeout=_SECONDS_TO_SAY_VERSION,
        check=True,
        env=_ENV | {"HOME": os.devnull},  # nothing is left in anybody's home
    )
    return told.stdout or told.stderr
