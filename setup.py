"""Builds init, the collector and line.so, the parts in C; all else about it is in setup.cfg.

With the C compiler of the machine where it can make a static program, else with the compiler in
the ziglang wheel, which is a build requirement then and only then.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

INIT = Path("sandbox/init/init")
COLLECTOR = Path("sandbox/collector/collector")
"""Each is built of all sources beside it. Both speak init's protocol."""
LINE = Path("sandbox/line/line.so")
"""A library of one source, for whatever C library a program has."""
FLAGS = ["-std=gnu11", "-Os", "-s", "-Wall", "-Wextra", f"-I{INIT.parent}"]
LINKED = {LINE: ["-shared", "-fPIC", "-nostdlib", "-Wno-address"]}
PROGRAMS = (INIT, COLLECTOR, LINE)
ZIG = [sys.executable, "-m", "ziglang", "cc", "-target", f"{os.uname().machine}-linux-musl"]


def compile_with(compiler: list[str], program: Path, place: Path) -> str | None:
    """What went wrong, if something did."""
    sources = map(str, sorted(program.parent.glob("*.c")))
    flags = [*FLAGS, *LINKED.get(program, ["-static"])]
    command = [*compiler, *flags, "-o", str(place), *sources]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    if done.returncode:
        return done.stderr
    place.chmod(0o755)  # jails run it under a uid of their own
    return None


def machine_compiler() -> list[str]:
    return shlex.split(os.environ.get("CC", "cc"))


def machine_can_compile() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return compile_with(machine_compiler(), INIT, Path(folder, "init")) is None


class BuildWithPrograms(build_py):
    """Puts them beside their sources, or into the wheel."""

    def run(self) -> None:
        super().run()
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

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        built = [str(Path(self.build_lib, program)) for program in PROGRAMS]
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, *built]


class PlatformWheel(bdist_wheel):
    """Any Python 3, but one kind of machine: the programs are not loaded into Python."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    cmdclass={"build_py": BuildWithPrograms, "bdist_wheel": PlatformWheel},
    setup_requires=[] if machine_can_compile() else ["ziglang >= 0.13"],
)
