"""Finds the languages that this host can run, and how it runs them."""

import glob
import json
import logging
import os
import re
import stat
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from sandbox.ahead import DRIVERS, contents
from sandbox.environments import Environment
from sandbox.jail.mounts import (
    Mounts,
    Unmounted,
    Unusable,
    home_of_tool_chain,
    is_virtual_environment,
)
from sandbox.languages import LanguageSpec, language_of
from sandbox.languages.commands import CACHES, ENV, PATH, Commands
from sandbox.languages.versions import standing_for
from sandbox.toolchains import caches
from sandbox.wire.framing import MAX_INPUT_BYTES
from sandbox.wire.types import File, Language, Pod

_SECONDS_TO_SAY_VERSION: Final = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Toolchain(Commands):
    """One language in one version, found on the host."""

    says: str = ""
    """What it prints when it is asked for its version."""
    installed: Environment | None = None
    """Packages that Podline installed for it."""
    own_packages: Mapping[str, str] | None = None
    """Those of a virtual environment that somebody made; None if it isn't one."""

    made: tuple[File, ...] = ()
    """Files that its programs get because of their packages."""
    sources: caches.Sources = caches.NO_SOURCES
    """What its cache was made from, if it is used."""

    def fitted(self, pod: Pod) -> Pod:
        fitted = Commands.fitted(self, pod)  # dataclasses with slots can't use super()
        return replace(fitted, files=(*fitted.files, *self.made)) if self.made else fitted

    @property
    def packages(self) -> str:
        """Identifies the packages that its programs can use; empty if there are none."""
        return self.installed.fingerprint if self.installed else ""

    @property
    def language(self) -> Language:
        packages = self.installed.packages if self.installed else self.own_packages
        found = language_of(self.spec, self.version, packages or {})
        return replace(found, keeps_artifacts=True, max_input_bytes=MAX_INPUT_BYTES)

    def key(self, pod: Pod) -> str:
        """Equal for pods of one owner of which the compiler makes the same."""
        program = self.compile_program(pod)
        executable = os.stat(self.executable)
        facts = [
            *(pod.owner, self.spec.name, self.version, self.says, self.packages),
            *(self.executable, executable.st_ino, executable.st_size, executable.st_mtime_ns),
            *(pod.entrypoint, list(program.argv), dict(program.env)),
            *([file.name, sha256(file.content).hexdigest()] for file in pod.files),
        ]
        return sha256(json.dumps(facts).encode()).hexdigest()

    def fill_cache(self, filler: caches.Filler) -> bool:
        """Run its `prepare` on the host. False if that failed."""
        folder = caches.folder_for(self.cache_name)
        command = self._prepare(folder, str(DRIVERS))
        env = {"PATH": PATH, **self.compile_env(str(folder))}
        # Installations in several places share the cache if they have the same drivers.
        drivers = sha256(contents()).hexdigest() if self.spec.ahead else ""
        made_by = f"{self.says}{self._prepare(folder, drivers)}{env}"
        return filler.fill(folder, made_by, command, env)

    def _prepare(self, cache: Path, drivers: str) -> list[str]:
        known = {
            "executable": self.executable,
            "bin": os.path.dirname(self.executable),
            "cache": str(cache),
            "drivers": drivers,
        }
        return [part.format(**known) for part in self.spec.prepare]


class Toolchains:
    """The languages on offer, by name and version. Safe for many threads."""

    def __init__(self, found: Sequence[Toolchain]) -> None:
        self._filler = caches.Filler()
        self._unprepared = [toolchain for toolchain in found if toolchain.spec.prepare]
        self._environments: Mapping[str, Environment] = {}
        self._lock = threading.Lock()
        self._offered = {
            (toolchain.spec.name, toolchain.version): toolchain
            for toolchain in found
            if not toolchain.spec.prepare or toolchain.spec.prepared_args
        }

    def languages(self) -> list[Language]:
        return [toolchain.language for toolchain in list(self._offered.values())]

    def get(self, language: str, version: str) -> Toolchain | None:
        """The tool chain that stands for that version."""
        offered = dict(self._offered)
        found = standing_for(version, [other for name, other in offered if name == language])
        return None if found is None else self._without_stale_cache(offered[language, found])

    def offer_packages(self, environments: Mapping[str, Environment]) -> None:
        """From now on, programs have the packages of these environments, by name."""
        with self._lock:
            self._environments = environments
            self._offered = {
                key: self._with_packages(toolchain) for key, toolchain in self._offered.items()
            }

    def with_packages(self) -> list[Toolchain]:
        """Those that have packages which Podline installed."""
        return [toolchain for toolchain in list(self._offered.values()) if toolchain.installed]

    def offer_files(self, toolchain: Toolchain, files: tuple[File, ...]) -> None:
        """Give them to programs of the tool chain, unless its packages have changed since."""
        key = toolchain.spec.name, toolchain.version
        with self._lock:
            if self._offered[key] is toolchain:
                self._offered[key] = replace(toolchain, made=files)

    def _without_stale_cache(self, toolchain: Toolchain) -> Toolchain:
        """Its cache is made again by the next daemon."""
        if toolchain.sources.unchanged():
            return toolchain
        log.warning("%s is not used any more: its sources changed", toolchain.cache_name)
        bare = replace(toolchain, prepared=False, sources=caches.NO_SOURCES)
        with self._lock:
            key = toolchain.spec.name, toolchain.version
            if self._offered[key] is toolchain:
                self._offered[key] = bare
        return bare

    def _with_packages(self, toolchain: Toolchain) -> Toolchain:
        found = self._environments.get(toolchain.environment)
        suits = found and found.executable in ("", toolchain.executable)
        return replace(toolchain, installed=found if suits else None, made=())

    def prepare(self) -> None:
        """Offer the languages that need preparation, each as soon as it is ready."""
        threading.Thread(target=self._prepare, name="prepare", daemon=True).start()

    def stop(self) -> None:
        self._filler.stop()

    def _prepare(self) -> None:
        """First the languages that are not available without it."""
        for toolchain in sorted(self._unprepared, key=lambda each: bool(each.spec.prepared_args)):
            try:
                filled = toolchain.fill_cache(self._filler)
            except OSError as error:
                log.error("%s can't be prepared: %s", toolchain.cache_name, error)
            else:
                if filled:
                    with self._lock:
                        key = toolchain.spec.name, toolchain.version
                        sources = caches.sources_of(caches.folder_for(toolchain.cache_name))
                        prepared = replace(toolchain, prepared=True, sources=sources)
                        self._offered[key] = self._with_packages(prepared)
        log.info("languages are prepared")


def find_toolchains(specs: Mapping[str, LanguageSpec], mounts: Mounts | Unmounted) -> Toolchains:
    """Find all tool chains. The log says what is missing here, and why."""
    with ThreadPoolExecutor() as pool:
        versions = pool.map(lambda spec: _versions(spec, mounts), specs.values())
        return Toolchains([toolchain for found in versions for toolchain in found])


def versions_of(spec: LanguageSpec) -> list[Toolchain]:
    """All tool chains of one language, for a process that runs no programs with them."""
    return _versions(spec, Unmounted())


def _versions(spec: LanguageSpec, mounts: Mounts | Unmounted) -> list[Toolchain]:
    """Everything that the first successful pattern finds."""
    for pattern in spec.executables:
        paths = sorted(glob.glob(os.path.expanduser(pattern)))
        found = {_distinct(found): found for found in _usable(spec, paths, mounts)}
        for toolchain in found.values():
            log.info("%s %s: %s", spec.name, toolchain.version, toolchain.executable)
        if found:
            return list(found.values())
    log.warning(
        "%s is not available here: found none of %s", spec.name, ", ".join(spec.executables)
    )
    return []


def _distinct(toolchain: Toolchain) -> str:
    """One for each version; one for each cache, if the language has caches."""
    return toolchain.cache_name if toolchain.spec.prepare else toolchain.version


def _usable(
    spec: LanguageSpec, paths: Iterable[str], mounts: Mounts | Unmounted
) -> Iterator[Toolchain]:
    for path in paths:
        try:
            yield _look(spec, path, mounts)
        except (Unusable, OSError) as error:
            log.warning("%s can't be used for %s: %s", path, spec.name, error)
        except subprocess.SubprocessError as error:
            log.warning("%s does not report its version: %s", path, error)


def _look(spec: LanguageSpec, path: str, mounts: Mounts | Unmounted) -> Toolchain:
    executable, folders = home_of_tool_chain(path)
    says = _version_reported(executable, spec.says_version)
    version = re.search(spec.version, says)
    if version is None:
        raise Unusable(f"its output has no version: {says[:100]}")
    spec = spec.of_version(version.group(1))
    toolchain = Toolchain(
        *(spec, executable, version.group(1), _runtime(spec)),
        says=says,
        own_packages=_own_packages(spec, folders),
    )
    for folder in folders:
        mounts.add(folder)
    for pattern in spec.mounts:
        for needed in glob.glob(os.path.expanduser(pattern)):
            mounts.add(needed)
    return _with_cache(toolchain, mounts) if spec.prepare else toolchain


def _with_cache(toolchain: Toolchain, mounts: Mounts | Unmounted) -> Toolchain:
    """Raises Unusable and OSError if it needs a cache, and there is no place for one."""
    cache = caches.folder_for(toolchain.cache_name)
    try:
        caches.make(cache)
        mounts.add_cache(cache, f"{CACHES}/{toolchain.cache_name}")
    except (Unusable, OSError) as error:
        if not toolchain.spec.prepared_args:
            raise
        log.warning("%s has no cache: %s", toolchain.cache_name, error)
        return replace(toolchain, spec=toolchain.spec.unprepared())
    return toolchain


def _own_packages(spec: LanguageSpec, folders: Sequence[str]) -> dict[str, str] | None:
    """What a virtual environment says of itself, without running any code of its packages."""
    if spec.packages != "pip" or not (folders and is_virtual_environment(folders[0])):
        return None
    places = glob.glob(f"{glob.escape(folders[0])}/lib/python3.*/site-packages")
    if os.geteuid() == 0:  # otherwise, programs have the daemon's own rights
        for place in places:
            _warn_of_what_is_closed(place)
    found = {each.metadata["Name"]: each.version for each in distributions(path=places)}
    return {name: found[name] for name in sorted(found, key=str.lower)}


def _warn_of_what_is_closed(place: str) -> None:
    """Programs don't find a package that was installed with a umask of 077."""
    closed = [path for path in (place, *glob.glob(f"{glob.escape(place)}/*")) if _is_closed(path)]
    if closed:
        log.warning("programs can't read %s: chmod -R o+rX %s", closed[0], place)


def _is_closed(path: str) -> bool:
    mode = os.lstat(path).st_mode
    return not mode & stat.S_IROTH or (stat.S_ISDIR(mode) and not mode & stat.S_IXOTH)


def _runtime(spec: LanguageSpec) -> str:
    """The first of the language's runtimes that is installed. Raises Unusable."""
    found = next((path for path in spec.runtimes if os.access(path, os.X_OK)), "")
    if spec.runtimes and not found:
        raise Unusable(f"it needs one of {', '.join(spec.runtimes)}")
    return found


def _version_reported(executable: str, arguments: Iterable[str]) -> str:
    """Ask without the host's environment, as in a jail: what needs more would not start there."""
    printed = subprocess.run(
        [executable, *arguments],
        capture_output=True,
        text=True,
        timeout=_SECONDS_TO_SAY_VERSION,
        check=True,
        env=ENV | {"HOME": os.devnull},  # nothing is left in anybody's home
    )
    return printed.stdout or printed.stderr
