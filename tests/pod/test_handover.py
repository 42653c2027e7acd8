"""A pod that was started ahead runs what it is handed over, and only if it gets all of that."""

import struct
from pathlib import Path
from typing import Any

import pytest

from app.infrastructure.kubernetes.handover import handover
from app.infrastructure.kubernetes.transcript import frames_after, parse_transcript, runs_ended
from tests.pod.local_pod import LocalPod, signal_container, stages_of
from tests.support.waiting import wait_until

PROGRAM = "read name; echo hello $name"
INPUT: dict[str, Any] = {"stdin": b"you\n"}


def ahead(folder: Path) -> LocalPod:
    """A pod whose init is ready."""
    pod = LocalPod.start(folder, None)
    wait_until(lambda: pod.met)
    return pod


def test_it_runs_the_program_as_if_it_had_its_input_from_the_start(folder: Path) -> None:
    pod = ahead(folder)
    assert pod.log == b""
    pod.hand_over(handover(stages_of(PROGRAM, **INPUT)))
    ended = pod.wait()

    assert ended.exit_code == 0
    assert ended.report.run
    assert ended.report.run.exit_code == 0
    assert ended.output.run
    assert ended.output.run.stdout == b"hello you\n"


def test_large_input_arrives(folder: Path) -> None:
    stdin = bytes(range(256)) * 8 * 1024
    pod = ahead(folder)
    pod.hand_over(handover(stages_of("cksum", stdin=stdin)))

    run = pod.wait().output.run
    assert run
    assert run.stdout.split()[1] == str(len(stdin)).encode()


WHOLE = handover(stages_of(PROGRAM, **INPUT))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "the input was not handed over as a whole"),
        (WHOLE[:7], "the input was not handed over as a whole"),
        (WHOLE[:-1], "the input was not handed over as a whole"),
        (WHOLE[:40] + WHOLE[:-40], "the input was damaged when it was handed over"),
        (struct.pack("<2Q", 1 << 60, 0), "the input that was handed over is too long"),
        (handover(b""), "the input is cut off"),
    ],
)
def test_anything_else_is_a_fault(folder: Path, message: bytes, why: str) -> None:
    """A sender that was killed, and two senders at once."""
    pod = ahead(folder)
    pod.hand_over(message, whole=False)
    ended = pod.wait()

    assert ended.end.fault == why
    assert ended.exit_code == 1


def test_a_pod_whose_main_ends_does_not_wait_for_input(folder: Path) -> None:
    pod = ahead(folder)
    signal_container(pod.main)

    assert pod.wait().end.fault == "main ended before there was any input"


def test_the_line_about_input_is_no_output() -> None:
    taken = b'{"taken": 17}\n'

    assert parse_transcript(taken).output is None
    assert frames_after(0, taken) is None
    assert runs_ended(taken) == 0
