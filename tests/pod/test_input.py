"""The input that a pod gets: sizes, and the limits that init enforces."""

import struct
from dataclasses import replace

import pytest

from app.domain.pod import Pod
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS, InputMaxima
from app.domain.submission import File
from app.infrastructure.kubernetes import input
from app.infrastructure.kubernetes.limits import MAX_INPUT_BYTES, refuse_impossible
from sandbox.init.protocol import PROTOCOL
from tests.pod.local_pod import SPECS, a_pod
from tests.support.builders import a_submission

MIB = 1024 * 1024
INPUT_BYTES = 4 * MIB
"""What all ConfigMaps of a pod may have together."""


def heads(content: bytes) -> list[tuple[int, ...]]:
    """For each stage: output cap, wall time, CPU time, and the memory that init enforces."""
    (shared,) = struct.unpack_from("<Q", content, 5 * 8)
    at, found = 9 * 8 + shared, []
    while at < len(content):
        cap, _, _, _, *limits, body = struct.unpack_from("<8Q", content, at)
        found.append((cap, *limits))
        at += 8 * 8 + body
    return found


@pytest.mark.parametrize("language", SPECS)
def test_the_largest_submission_of_a_cluster_fits(language: str) -> None:
    maxima, spec = InputMaxima(), SPECS[language]
    half = MAX_INPUT_BYTES // 2 - 100_000
    names = [f"{'n' * 190}{number}{spec.suffixes[0]}" for number in range(maxima.files)]
    submission = a_submission(
        language=language,
        files=tuple(File(name, b"\0" * (half // maxima.files)) for name in names),
        entrypoint=names[0],
        stdin=b"\xff" * half,
        args=("a" * (maxima.args_bytes // maxima.args),) * maxima.args,
        env={f"{number:0{maxima.env_bytes // maxima.env}}": "" for number in range(maxima.env)},
    )

    pod = Pod.of("pod-1", submission)
    refuse_impossible(pod, spec, None)
    assert len(input.stages(pod, spec)) < INPUT_BYTES


def test_an_interpreted_program_has_one_stage_that_its_container_holds_to_memory() -> None:
    pod = a_pod("print(1)", "python", limits=replace(DEFAULT_LIMITS, wall_seconds=1.5))

    content = input.stages(pod, SPECS["python"])

    assert struct.unpack_from("<Q", content) == (PROTOCOL,)
    assert heads(content) == [(256 * 1024, 1_500_000, 5_000_000, 0)]
    assert input.memory_mib(pod, SPECS["python"]) == DEFAULT_LIMITS.memory_mib + input.MARGIN_MIB


def test_init_holds_the_stage_that_may_use_less_memory() -> None:
    pod = a_pod("int main;", "c")

    compile_stage, run_stage = heads(input.stages(pod, SPECS["c"]))

    assert input.memory_mib(pod, SPECS["c"]) == DEFAULT_COMPILE_LIMITS.memory_mib + input.MARGIN_MIB
    assert compile_stage[3] == 0
    assert run_stage[3] == (DEFAULT_LIMITS.memory_mib + input.MARGIN_MIB) * MIB


def test_both_stages_share_what_they_may_write() -> None:
    assert input.disk_mib(a_pod("", "c"), SPECS["c"]) == DEFAULT_COMPILE_LIMITS.disk_mib
    assert input.disk_mib(a_pod("", "bash"), SPECS["bash"]) == DEFAULT_LIMITS.disk_mib


def test_every_language_has_a_path_that_an_image_can_have() -> None:
    for name, spec in SPECS.items():
        assert input.stages(a_pod("", name), spec), name


def test_a_java_program_has_the_file_and_the_class_that_java_wants() -> None:
    source = "package a; public class Start { public static void main(String[] x) { } }"

    content = input.stages(a_pod(source, "java"), SPECS["java"])

    assert f"Start.java\0{source}\0".encode() in content
    assert b"a.Start\0" in content
    assert b"Main" not in content


def test_a_runtime_is_looked_for_in_each_of_its_places() -> None:
    content = input.stages(a_pod("", "typescript"), SPECS["typescript"])

    for path in SPECS["typescript"].runtimes:
        assert content.count(path.encode() + b"\0") >= 1
