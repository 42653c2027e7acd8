"""Files that a pod's program creates."""

from dataclasses import replace
from pathlib import Path
from signal import SIGSTOP
from typing import Any

import pytest

from app.domain.artifact import ArtifactMaxima, Collected, LeftOut
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Limit
from app.domain.submission import Limits
from app.infrastructure.kubernetes import input
from app.infrastructure.kubernetes.limits import MAX_ARTIFACT_BYTES
from sandbox.artifacts.rules import Found, choose
from sandbox.wire import types
from tests.hostile.artifacts import ALL, GONE, FilesOfPrograms, Keep, Kept
from tests.pod.local_pod import SPECS, Ended, LocalPod, a_pod, run, signal_container, stages_of
from tests.support.waiting import wait_until

ROTATED_BYTES = 10 * 1024 * 1024
"""Of a log, in which a kubelet puts its own before each line."""
BYTES_PER_LINE = len("2026-01-01T00:00:00.000000000+00:00 stdout F ")


def kept_in(ended: Ended) -> Kept:
    assert ended.exit_code == 0, ended.message
    files = ended.files
    names = [file.name for file in files.collected.files]
    return Kept(files.collected, dict(zip(names, files.contents, strict=True)))


class TestPods(FilesOfPrograms):
    most = MAX_ARTIFACT_BYTES

    @pytest.fixture
    def keep(self, folder: Path) -> Keep:
        def keep(source: str, limits: Limits = DEFAULT_LIMITS) -> Kept:
            return kept_in(run(folder, source, "python", artifacts=ALL, limits=limits))

        return keep


def kept(folder: Path, source: str, *patterns: str, **facts: Any) -> Kept:
    maxima = ArtifactMaxima(**{name: facts.pop(name) for name in ("files", "bytes") & facts.keys()})
    pod = replace(a_pod(source, artifacts=patterns, **facts), artifact_maxima=maxima)
    return kept_in(LocalPod.start(folder, input.stages(pod, SPECS["bash"])).wait())


def test_no_more_than_the_settings_allow(folder: Path) -> None:
    found = kept(folder, "printf 12 > a; printf 12 > b; printf 12 > c", "?", files=2, bytes=5)
    assert found.contents == {"a": b"12", "b": b"12"}
    assert found.left_out == {"c": "2 files before it are kept, which is the maximum"}

    (folder / "other").mkdir()
    found = kept(folder / "other", "printf 1234 > a; printf 12 > b", "?", bytes=5)
    assert found.contents == {"a": b"1234"}
    assert found.left_out == {"b": "it has 2 bytes; 1 of 5 are left for it"}


def test_output_leaves_less_room_for_files(folder: Path) -> None:
    limits = replace(DEFAULT_LIMITS, output_kib=2048)
    source = "head -c 2097152 /dev/zero; head -c 3145729 /dev/zero > a; echo > b"
    found = kept(folder, source, "*", "!main.*", limits=limits)
    assert found.contents == {"b": b"\n"}
    assert found.left_out == {
        "a": f"it has 3145729 bytes; 3145728 of {MAX_ARTIFACT_BYTES} are left for it"
    }


def test_the_longest_log_is_not_rotated(folder: Path) -> None:
    """The most bytes that are kept, in the most files, with the longest names."""
    source = """
name=$(printf %0240d 0); mkdir -p $name/$name/$name/$name
for number in $(seq 100 611); do head -c 10240 /dev/zero > $name/$name/$name/$name/$number; done
for number in $(seq 700 799); do echo > $name/$name/$name/$name/$number; done
"""
    pod = replace(a_pod(source, artifacts=("0*",)), artifact_maxima=ArtifactMaxima(files=512))
    ended = LocalPod.start(folder, input.stages(pod, SPECS["bash"])).wait()
    found = kept_in(ended)
    assert sum(map(len, found.contents.values())) == MAX_ARTIFACT_BYTES
    assert len(found.collected.left_out) == 65
    assert ended.log.count(b'{"left_out"') == 64
    assert len(ended.log) < ROTATED_BYTES - BYTES_PER_LINE * ended.log.count(b"\n")


def test_what_no_pattern_asks_for(folder: Path) -> None:
    assert kept(folder, "echo > a", "!a", "#a").collected == Collected()


def test_files_are_in_the_log_only_if_they_were_asked_for(folder: Path) -> None:
    assert run(folder, "echo > a").transcript.files is None


def test_files_of_a_compiled_program(folder: Path) -> None:
    source = '#include <stdio.h>\nint main(void) { return fputs("kept", fopen("a", "w")) < 0; }'
    same = {"compile_limits": replace(DEFAULT_LIMITS, wall_seconds=10)}  # init enforces a lower one
    ended = run(folder, source, "c", artifacts=("*", "!main.c"), **same)
    assert kept_in(ended).contents == {"a": b"kept"}


def test_no_files_of_a_program_that_does_not_compile(folder: Path) -> None:
    assert run(folder, "x", "c", artifacts=("*",)).transcript.files is None


def test_main_that_is_gone(folder: Path) -> None:
    """As when the kernel kills the whole container for its memory."""
    stages = stages_of("echo > a; echo begun; sleep 600", artifacts=("*",))
    pod = LocalPod.start(folder, stages)
    wait_until(lambda: b"YmVndW4K" in pod.log)
    signal_container(pod.main)
    assert kept_in(pod.wait()) == Kept(Collected(left_out=(LeftOut(None, GONE),)), {})


EDGES = (
    *(0x1F, 0x20, 0x5B, 0x5C, 0x5D, 0x7E, 0x7F, 0x9F, 0xA0, 0x2027, 0x2028, 0x202E, 0x202F),
    *(0x2065, 0x2066, 0x2069, 0x206A, 0xD7FF, 0xE000, 0x10FFFF),
)


def test_names_are_those_that_a_jail_s_program_may_give(folder: Path) -> None:
    odd = (b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe2\x82", b"n" * 249)
    names = [b"x-" + end for end in (*(chr(edge).encode() for edge in EDGES), *odd)]
    parent = "p" * 200
    long = [f"{'/'.join([parent] * 5)}/{'x' * size}".encode() for size in (19, 20)]
    assert [len(name) for name in long] == [1024, 1025]
    source = f"import os\nos.makedirs('{'/'.join([parent] * 5)}')\n"
    source += f"for name in {names + long}:\n    open(name, 'w').close()\n"
    found = kept_in(run(folder, source, "python", artifacts=ALL))

    everything = [Found(name, 0, is_file=True) for name in names + long]
    chosen, left_out = choose(everything, types.ArtifactMaxima())
    assert list(found.contents) == [each.name for each in chosen]
    assert found.collected.left_out == tuple(LeftOut(each.name, each.reason) for each in left_out)


def test_init_that_is_stuck(folder: Path) -> None:
    """The collector gives it up once the time limit is long over, and then waits for no files."""
    limits = replace(DEFAULT_LIMITS, wall_seconds=1)
    stages = stages_of("echo > a; echo begun; sleep 600", artifacts=("*",), limits=limits)
    pod = LocalPod.start(folder, stages)
    wait_until(lambda: b"YmVndW4K" in pod.log)
    signal_container(pod.main, SIGSTOP)
    pod.collector.wait(60)
    signal_container(pod.main)
    ended = pod.wait()
    assert kept_in(ended) == Kept(Collected(left_out=(LeftOut(None, GONE),)), {})
    assert ended.report.run
    assert ended.report.run.stopped_by is Limit.WALL
