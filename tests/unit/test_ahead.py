"""When a compiler may be one that was started ahead, and what it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.daemon.spare import Machine
from sandbox.languages import load
from sandbox.languages.ahead import TASK_BYTES_MAX
from sandbox.languages.commands import Commands
from sandbox.toolchains import caches, search
from sandbox.toolchains.search import Toolchain
from sandbox.wire.types import File, Limits, Pod, Run

LIMITS = Limits(
    wall_seconds=10, cpu_seconds=5, memory_mib=256, processes=64, output_kib=64, disk_mib=16
)
JAVA = Commands(load()["java"], "/opt/jdk/bin/javac", "17.0.1", prepared=True)


def a_pod(*files: str, compile_args: tuple[str, ...] = (), limits: Limits = LIMITS) -> Pod:
    return Pod(
        name="pod-1",
        language="java",
        language_version="17.0.1",
        files=tuple(File(name, b"class Main {}") for name in files or ("Main.java",)),
        entrypoint="Main.java",
        compile_args=compile_args,
        runs=(Run(stdin=b"", args=(), env={}, limits=LIMITS),),
        compile_limits=limits,
        wall_seconds=60,
    )


def test_its_task_is_what_the_compiler_itself_would_be_told() -> None:
    pod = a_pod("Main.java", "größe x.java", compile_args=("-g",))

    found = JAVA.compiler_ahead(pod)

    assert found
    told = [each for each in JAVA.compile_program(pod).argv[1:] if not each.startswith("-J")]
    assert found.task == "".join(f"{each}\0" for each in told).encode()
    assert told[-3:] == ["Main.java", "größe x.java", "-g"]


def test_its_virtual_machine_has_the_same_options() -> None:
    found = JAVA.compiler_ahead(a_pod())

    assert found
    options = set(JAVA.compile_program(a_pod()).argv) - {*JAVA.spec.prepared_args}
    for option in (each for each in options if each.startswith("-J-X")):
        same = option.removeprefix("-J").replace("javac.jsa", "ahead.jsa")
        assert same in found.program.argv


@pytest.mark.parametrize(
    "compile_args",
    [
        ("-J-Xmx64m",),
        ("@options",),
        ("-processor", "Own"),
        ("-processorpath", "."),
        ("-proc:only",),
        ("-Akey=value",),
        ("-Xplugin:Own",),
        ("-XDuseUnsharedTable",),
        ("-cp", "."),
        ("-classpath", "lib"),
        ("--module-path", "."),
        ("-d", "elsewhere"),
        ("-g", "Another.java"),
        ("-g\n-processor",),
        ("",),
    ],
)
def test_an_argument_that_is_not_known_has_it_started_anew(compile_args: tuple[str, ...]) -> None:
    assert JAVA.compiler_ahead(a_pod(compile_args=compile_args)) is None


@pytest.mark.parametrize(
    "compile_args",
    [
        ("-Xlint:all", "-Werror"),
        ("--release", "11", "-parameters"),
        ("-source", "1.8", "-target", "8"),
        ("-Xmaxerrs", "5", "-Xdiags:verbose", "-g:none"),
    ],
)
def test_a_known_argument_is_handed_over(compile_args: tuple[str, ...]) -> None:
    assert JAVA.compiler_ahead(a_pod(compile_args=compile_args))


@pytest.mark.parametrize(
    "name", ["META-INF/services/javax.annotation.processing.Processor", "META-INF/Main.java"]
)
def test_files_that_name_code_for_the_compiler_have_it_started_anew(name: str) -> None:
    assert JAVA.compiler_ahead(a_pod("Main.java", name)) is None


def test_a_task_that_may_not_fit_into_the_socket_is_not_handed_over() -> None:
    names = [f"{'x' * 100}{i}.java" for i in range(TASK_BYTES_MAX // 100)]

    assert JAVA.compiler_ahead(a_pod(*names)) is None


def test_times_do_not_matter_to_what_waits_and_other_limits_do() -> None:
    def waiting(limits: Limits) -> object:
        found = JAVA.compiler_ahead(a_pod(limits=limits))
        assert found
        return found.program

    same = replace(LIMITS, wall_seconds=1, cpu_seconds=2, output_kib=3)
    assert waiting(same) == waiting(LIMITS)
    for other in ({"memory_mib": 300}, {"processes": 9}, {"stack_mib": 4}):
        assert waiting(replace(LIMITS, **other)) != waiting(LIMITS)


def test_without_preparation_there_is_none_and_no_archive() -> None:
    """As in a pod on a cluster."""
    anew = replace(JAVA, prepared=False)

    assert anew.compiler_ahead(a_pod()) is None
    assert not any("SharedArchiveFile" in each for each in anew.compile_program(a_pod()).argv)
    assert any("SharedArchiveFile" in each for each in JAVA.compile_program(a_pod()).argv)


def test_idle_time_is_that_of_all_cores(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  1 2 3 400 50 6 7\ncpu0 1 2 3 9 9 6 7\n")

    assert Machine(tmp_path).idle_seconds() == pytest.approx(4.5)


def test_free_memory_is_what_is_available(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable:   20480 kB\n")

    assert Machine(tmp_path).free_mib() == 20


def test_installations_in_several_places_share_what_was_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would make it anew in turns."""
    stamps: set[str] = set()

    class Stamps(caches.Filler):
        def fill(
            self, folder: Path, made_by: str, command: Sequence[str], env: Mapping[str, str]
        ) -> bool:
            assert str(place) in command
            assert env["PATH"]
            assert folder.name == java.cache_name
            stamps.add(made_by)
            return True

    java = Toolchain(load()["java"], "/opt/jdk/bin/javac", "17.0.1")
    for place in (tmp_path / "one", tmp_path / "other"):
        monkeypatch.setattr(search, "DRIVERS", place)
        java.fill_cache(Stamps())
    assert len(stamps) == 1

    monkeypatch.setattr(search, "contents", lambda: b"another driver")
    java.fill_cache(Stamps())
    assert len(stamps) == 2
