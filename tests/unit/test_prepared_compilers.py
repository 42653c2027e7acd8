"""Compilers that are faster with what `prepare` made, and available without it."""

import logging
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from app.infrastructure.sandbox import conversion
from sandbox.languages import load
from sandbox.languages.commands import Commands
from sandbox.toolchains import caches
from sandbox.toolchains.search import Toolchain, Toolchains, versions_of
from sandbox.wire.types import Pod
from tests.support import sandbox_daemon

CPP = Toolchain(load()["cpp"], "/usr/bin/g++", "12.2.0")
COLD = ["-std=gnu++20", "-O2", "-o", "/box/program", "main.cpp"]
BOTH = ["with", "without"]
COMPILER = """\
#!/bin/sh
echo "$@" >>{runs}
case $* in *-isystem*) printf '%s' "$SAYS_FIRST"; exit "${{ENDS_FIRST:-0}}" ;; esac
printf '%s' "$SAYS_THEN"; exit "${{ENDS_THEN:-0}}"
"""
"""One whose messages and exit codes are given."""


@pytest.fixture
def pod() -> Pod:
    offered = conversion.language_of(CPP.language)
    return conversion.for_sandbox(sandbox_daemon.a_pod(offered, "int main() {}"))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with a header, and beside it the cache that was made from it."""
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "vector").touch()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "made-from").write_text(f"{tmp_path}/include/vector\n")
    return tmp_path


class TestC:
    def test_has_the_same_command_as_ever_until_its_headers_are_prepared(self, pod: Pod) -> None:
        cold = CPP.compile_program(pod).argv
        prepared = replace(CPP, prepared=True).compile_program(pod).argv

        assert cold == ["/usr/bin/g++", *COLD, "-lm"]
        assert prepared[:2] == ["/bin/sh", "-c"]
        assert prepared[3:] == ["/var/cache/podline/cpp-12.2", *cold]

    @pytest.mark.parametrize(
        ("compile_args", "compiler", "tries"),
        [
            ((), {}, ["with"]),
            ((), {"SAYS_FIRST": "a warning"}, BOTH),
            ((), {"ENDS_FIRST": "1"}, BOTH),
            ((), {"SAYS_FIRST": "e", "ENDS_FIRST": "1", "SAYS_THEN": "f", "ENDS_THEN": "4"}, BOTH),
            (("-O3",), {}, ["without"]),
            (("-nostdinc++",), {}, ["without"]),
            (("--sysroot=a.cpp",), {}, ["without"]),
        ],
    )
    def test_is_compiled_without_them_if_they_could_be_noticed(
        self,
        pod: Pod,
        tmp_path: Path,
        compile_args: tuple[str, ...],
        compiler: dict[str, str],
        tries: list[str],
    ) -> None:
        executable = tmp_path / "g++"
        executable.write_text(COMPILER.format(runs=tmp_path / "runs"))
        executable.chmod(0o755)
        commands = Commands(CPP.spec, str(executable), "12.2.0", prepared=True)

        program = commands.compile_program(replace(pod, compile_args=compile_args))
        ended = subprocess.run(
            program.argv, env={**os.environ, **compiler}, capture_output=True, text=True
        )

        without = " ".join([*COLD, *compile_args, "-lm"])
        known = {"with": f"{without} -isystem /var/cache/podline/cpp-12.2", "without": without}
        runs = (tmp_path / "runs").read_text().splitlines()
        assert runs == [known[each] for each in tries]
        assert ended.stdout == compiler.get("SAYS_THEN", "")
        assert ended.returncode == int(compiler.get("ENDS_THEN", "0"))


def test_typescript_s_compiler_collects_garbage_below_its_memory_limit(
    pod: Pod, tmp_path: Path
) -> None:
    executable = tmp_path / "tsc"
    executable.write_text(f'#!/bin/sh\necho "$GOGC $GOMEMLIMIT" >{tmp_path}/seen\n')
    executable.chmod(0o755)
    limited = replace(pod, compile_limits=replace(pod.compile_limits, memory_mib=512))

    program = Commands(load()["typescript"], str(executable), "7.0").compile_program(limited)
    subprocess.run(program.argv, check=True, cwd=tmp_path)

    assert (tmp_path / "seen").read_text() == "off 448MiB\n"


def test_a_language_that_can_do_without_is_available_at_once() -> None:
    go = Toolchain(load()["go"], "/usr/bin/go", "1.25.0")
    assert [each.name for each in Toolchains([CPP, go]).languages()] == ["cpp"]


@pytest.mark.parametrize(
    ("reported", "version", "is_prepared"),
    [("1.8.0_392-b08", "1.8.0", False), ("12.0.2+10", "12.0.2", False), ("13+33", "13", True)],
)
def test_java_is_prepared_only_if_its_version_can_archive_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reported: str, version: str, is_prepared: bool
) -> None:
    """Its class archives (CDS) can be made by programs since JDK 13 (JEP 350)."""
    monkeypatch.setattr(caches, "cache_folder", lambda: tmp_path / "caches")
    javac = tmp_path / "bin" / "javac"
    javac.parent.mkdir()
    javac.write_text(f"#!/bin/sh\necho 'javac full version \"{reported}\"'\n")
    javac.chmod(0o755)
    java = load()["java"].model_copy(update={"executables": (str(javac),)})

    (found,) = versions_of(java)

    assert found.version == version
    assert bool(found.spec.prepare and found.spec.ahead) is is_prepared


def test_a_cache_is_not_used_once_a_file_that_it_was_made_from_was_replaced(
    sources: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    cache = caches.sources_of(sources / "cache")
    toolchains = Toolchains([replace(CPP, prepared=True, sources=cache)])

    used = toolchains.get("cpp", "12")
    (sources / "new").touch()
    (sources / "new").rename(sources / "include" / "vector")
    after = [toolchains.get("cpp", "12") for _ in range(2)]

    assert used
    assert used.prepared
    assert [each and each.prepared for each in after] == [False, False]
    assert caplog.messages == ["cpp-12.2 is not used any more: its sources changed"]
