"""Files that all programs with a certain package get, such as a list of fonts.

The package would otherwise make its file anew in each jail. It is made once, in a jail: what it
contains is the work of the package's code. A program that lacks it makes its own, as without this.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sandbox.daemon.recorder import Recorder
from sandbox.daemon.stage import Fault, run_stage
from sandbox.init.program import Program
from sandbox.jail.kit import JailKit
from sandbox.jail.launcher import Launcher
from sandbox.languages.commands import ENV
from sandbox.metering.processes import ProcessMeter
from sandbox.toolchains.search import Toolchain
from sandbox.wire.types import File, Limits, Stream

_KIB: Final = 1024
_LIMITS: Final = Limits(
    wall_seconds=120, cpu_seconds=60, memory_mib=512, processes=64, output_kib=4096, disk_mib=64
)
_TEMPORARY: Final = "../tmp"
"""Seen from the working folder."""

log = logging.getLogger(__name__)


def made_files(kit: JailKit, bay: int, toolchain: Toolchain, build: Path) -> tuple[File, ...]:
    """Return those of its packages, which the build's folder keeps. `bay` is one that is not used.

    The kit shows the build. What can't be made is left out, with the reason in the log.
    """
    installed = toolchain.installed.packages if toolchain.installed else {}
    wanted = {name: toolchain.spec.package_files.get(name.lower()) for name in installed}
    return tuple(
        file
        for name, source in wanted.items()
        if source
        for file in _made(kit, bay, toolchain, source, build / f"made-for-{name.lower()}")
    )


def _made(kit: JailKit, bay: int, toolchain: Toolchain, source: str, kept: Path) -> Iterator[File]:
    try:
        if not kept.exists():
            new = kept.with_suffix(".new")
            new.write_bytes(_printed(kit, bay, toolchain, source))
            new.replace(kept)
        name, _, content = kept.read_bytes().partition(b"\n")
        yield File(_checked(name.decode("ascii")), content)
    except (Fault, OSError, ValueError) as error:
        log.warning("%s is not made for all programs: %s", kept.name, error)


def _checked(name: str) -> str:
    if not name or name.startswith("/") or ".." in name.split("/"):
        raise ValueError("its name is not one below /tmp")
    return f"{_TEMPORARY}/{name}"


def _printed(kit: JailKit, bay: int, toolchain: Toolchain, source: str) -> bytes:
    """What the program prints. Raises Fault, ValueError and OSError."""
    jail_log = os.memfd_create("jail-log")
    launcher = Launcher(kit, bay=bay, disk_mib=_LIMITS.disk_mib, log=jail_log)
    jail = launcher.open_jail()
    meter = ProcessMeter()
    try:
        if not jail.wait_until_ready():
            raise Fault("the jail could not be set up")
        meter.adopt(jail.init_pid)
        recorder = Recorder(_LIMITS.output_kib * _KIB)
        file = File(toolchain.spec.source, source.encode())
        report = run_stage(jail, meter, _program(toolchain), [file], recorder)
        if report.exit_code != 0 or report.stopped_by:
            raise ValueError(f"exit code {report.exit_code}, stopped by {report.stopped_by}")
        return recorder.printed(Stream.STDOUT)
    finally:
        jail.close()
        launcher.close()
        meter.close()
        os.close(jail_log)


def _program(toolchain: Toolchain) -> Program:
    return Program(
        argv=[toolchain.executable, toolchain.spec.source],
        env={**ENV, **toolchain.spec.env},
        stdin=b"",
        limits=_LIMITS,
        spare_processes=toolchain.spec.threads,
    )
