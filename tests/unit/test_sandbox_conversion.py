"""What crosses the boundary between service and sandbox arrives complete."""

import json
from dataclasses import asdict, fields, replace
from enum import StrEnum

import pytest

from app.domain import artifact, language, pod, report, submission
from app.domain.submission import Buffering, Limits, Streams
from app.infrastructure.sandbox import conversion
from sandbox.wire import messages, types
from tests.support.builders import a_submission

NO_ROOM = "no_room"
"""What only a cluster says of a pod: a sandbox has a bay for each, or refuses it."""

LIMITS = Limits(
    wall_seconds=1.5,
    cpu_seconds=2.5,
    memory_mib=3,
    processes=4,
    output_kib=5,
    disk_mib=6,
    stack_mib=7,
)


def test_a_pod() -> None:
    asked = pod.Pod.of(
        "pod-1",
        a_submission(
            args=("a",),
            env={"A": "b"},
            stdin=b"input",
            limits=LIMITS,
            compile_args=("-O0",),
            streams=Streams.MERGED,
            buffering=Buffering.BLOCK,
            artifacts=("*.png",),
        ),
        artifact_maxima=artifact.ArtifactMaxima(files=8, bytes=9),
    ).owned_by("ada")
    assert asked.owner
    assert "ada" not in asked.owner
    several = replace(asked, runs=asked.runs * 2, stop_on_failure=True)
    for each in (asked, several):
        assert asdict(conversion.for_sandbox(each)) == asdict(each)


@pytest.mark.parametrize("limit", types.Limit)
def test_an_observation(limit: types.Limit) -> None:
    stage = types.StageReport(
        exit_code=None,
        signal="SIGKILL",
        wall_us=1,
        cpu_us=2,
        memory_peak_kib=3,
        stopped_by=limit,
    )
    seen = types.Observation(
        name="pod-1",
        phase=types.Phase.ENDED,
        started_at=4,
        ended_at=5,
        report=types.Report(compile=None, runs=(stage, None)),
        message="why",
        collected=types.Collected(
            files=(types.CollectedFile("a", 6),),
            left_out=(types.LeftOut("b", "why"), types.LeftOut(None, "2 more")),
        ),
    )
    printed = types.Output(compile=None, runs=(types.StageOutput(stdout=b"a", stderr=b"b"), None))
    for each in (seen, replace(seen, output=printed)):
        header, body = messages.observation_message(each)
        assert messages.observation_of(json.loads(json.dumps(header)), body) == each
        converted = asdict(conversion.observation_of(each))
        assert converted.pop(NO_ROOM) is False
        assert converted == asdict(each)


def test_output() -> None:
    output = types.Output(
        compile=types.StageOutput(stdout=b"a", stderr=b"b", stderr_truncated=True),
        runs=(types.StageOutput(stdout=b"c", stderr=b"d", stdout_truncated=True), None),
    )
    frame = types.Frame(1, types.Stream.STDERR, 2, b"e")

    assert asdict(conversion.output_of(output)) == asdict(output)
    assert asdict(conversion.frame_of(frame)) == asdict(frame)


def test_a_language_and_a_limit() -> None:
    language = types.Language(
        name="awk",
        version="1",
        source_name="main.awk",
        compiled=True,
        aliases=("gawk",),
        suffixes=(".awk",),
        line_buffering=True,
        compile_needs={"wall_seconds": 30},
        stack="as it likes",
        accepts={"processes": 5},
        needs={"memory_mib": 256},
        packages={"posix": "2024"},
        max_runs=3,
        max_input_bytes=4,
        keeps_artifacts=True,
        max_artifact_bytes=5,
    )
    held = types.HeldLimit(limit=types.LimitName.DISK, by=types.Holder.NOBODY, how="seen")

    assert asdict(conversion.language_of(language)) == asdict(language)
    assert asdict(conversion.held_limit_of(held)) == asdict(held)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (pod.Pod, types.Pod),
        (pod.Run, types.Run),
        (report.Report, types.Report),
        (report.Output, types.Output),
        (submission.Limits, types.Limits),
        (report.StageReport, types.StageReport),
        (report.Observation, types.Observation),
        (report.StageOutput, types.StageOutput),
        (language.Language, types.Language),
        (artifact.ArtifactMaxima, types.ArtifactMaxima),
        (artifact.Collected, types.Collected),
        (artifact.CollectedFile, types.CollectedFile),
        (artifact.LeftOut, types.LeftOut),
    ],
)
def test_no_field_is_on_one_side_only(ours: type, theirs: type) -> None:
    """So a field that somebody adds to one side fails here until it is converted."""
    known = [item.name for item in fields(ours) if item.name != NO_ROOM]
    assert known == [item.name for item in fields(theirs)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (report.Phase, types.Phase),
        (report.Limit, types.Limit),
        (submission.Streams, types.Streams),
        (submission.Buffering, types.Buffering),
        (language.LimitName, types.LimitName),
        (language.Holder, types.Holder),
    ],
)
def test_both_sides_name_the_same_cases(ours: type[StrEnum], theirs: type[StrEnum]) -> None:
    assert list(ours) == list(theirs)


def test_a_program_has_the_same_streams_on_both_sides() -> None:
    """A cluster also has a stream of reports about tests, which no program writes to."""
    assert {*map(str, types.Stream)} == {*map(str, report.Stream)} - {"tests"}
