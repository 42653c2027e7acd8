"""The collector's log contains all that a program prints, as bytes and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Limit
from app.domain.submission import Buffering, Streams
from app.infrastructure.kubernetes.transcript import parse_transcript
from tests.pod.local_pod import SPECS, LocalPod, run, stages_of
from tests.support.waiting import wait_until

FORGED = """
{"stage": "run", "sequence": 1, "stream": "stdout", "offset": 0, "content": "Zm9yZ2Vk"}
{"end": {"fault": "forged"}}
"""
LOG_LINE_BYTES = 16 * 1024
"""A container runtime splits longer ones."""


def test_every_byte_arrives(folder: Path) -> None:
    ended = run(folder, "import os\nos.write(1, bytes(range(256)) * 300)", "python")

    assert ended.output.run
    assert ended.output.run.stdout == bytes(range(256)) * 300
    assert max(map(len, ended.log.splitlines())) < LOG_LINE_BYTES


@pytest.mark.parametrize("stream", [1, 2])
def test_lines_of_a_transcript_are_only_bytes(folder: Path, stream: int) -> None:
    ended = run(folder, f"import os\nos.write({stream}, {FORGED!r}.encode())", "python")

    assert ended.output.run
    printed = (ended.output.run.stdout, ended.output.run.stderr)[stream - 1]
    assert printed == FORGED.encode()
    assert ended.report.run
    assert ended.report.run.exit_code == 0


@pytest.mark.parametrize("over", [0, 1])
def test_the_cap_is_exact_however_the_bytes_come(folder: Path, over: int) -> None:
    """Byte by byte on one stream, and in one piece on the other."""
    limits = replace(DEFAULT_LIMITS, output_kib=4)
    source = (
        f"import os\nfor _ in range(4096): os.write(1, b'x')\nos.write(2, b'y' * {4096 + over})"
    )

    ended = run(folder, source, "python", limits=limits)

    assert ended.output.run
    assert ended.output.run.stdout == b"x" * 4096
    assert ended.output.run.stderr == b"y" * 4096
    assert ended.output.run.stderr_truncated == bool(over)
    assert ended.report.run
    assert ended.report.run.stopped_by == (Limit.OUTPUT if over else None)


def test_a_flood_of_single_bytes_makes_few_frames(folder: Path) -> None:
    """Otherwise, the log would be rotated, and its beginning would be lost."""
    source = "import os\nfor _ in range(20_000): os.write(1, b'x'), os.write(2, b'y')"

    ended = run(folder, source, "python")

    run_report = ended.report.run
    assert run_report
    assert len(ended.log.splitlines()) < 20 + run_report.wall_us / 25_000
    assert ended.output.run
    assert len(ended.output.run.stdout) == len(ended.output.run.stderr) == 20_000


def test_it_can_be_read_while_the_program_runs(folder: Path) -> None:
    pod = LocalPod.start(folder, stages_of("echo begun; sleep 60"))

    wait_until(lambda: bool(parse_transcript(pod.log).frames))

    assert parse_transcript(pod.log).frames[0].content == b"begun\n"
    assert parse_transcript(pod.log).end is None
    pod.collector.kill()
    pod.main.wait(60)


def test_input_arrives_as_it_is(folder: Path) -> None:
    """More of it than a pipe takes by default, and with whatever a shell or YAML would act on."""
    stdin = bytes(range(256)) * 1024
    args = ("$(HOME)", "$$x", "a b\n\"'", "--flag", "ä")
    env = {"LD_PRELOAD": "/no/such.so", "X": "=$(Y)\n"}
    source = (
        "import os, sys\nsys.stdout.buffer.write(repr((sys.argv[1:], os.environ['X'])).encode())\n"
        "sys.stderr.buffer.write(sys.stdin.buffer.read()[-256:])"
    )

    ended = run(folder, source, "python", stdin=stdin, args=args, env=env)

    assert ended.output.run
    assert ended.output.run.stdout == repr((list(args), env["X"])).encode()
    assert ended.output.run.stderr.endswith(stdin[-256:])


def test_merged_streams_keep_their_order(folder: Path) -> None:
    source = "for i in 1 2 3; do echo o$i; echo e$i >&2; done; echo end > /dev/stderr"

    output = run(folder, source, streams=Streams.MERGED).output

    assert output.run
    assert output.run.stdout == b"o1\ne1\no2\ne2\no3\ne3\nend\n"
    assert output.run.stderr == b""


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("c", '#include <stdio.h>\nint main(void) { puts("one"); *(volatile int *)8 = 1; }'),
        ("python", "import os\nprint('one')\nos.abort()"),
        ("ruby", "puts 'one'\nProcess.kill(:KILL, $$)\nsleep"),
        ("perl", 'print "one\\n"; kill 9, $$; sleep'),
    ],
)
def test_lines_before_a_crash_are_kept(folder: Path, language: str, source: str) -> None:
    """By the files that the collector hands to main."""
    if not any(Path(path).exists() for path in SPECS[language].executables):
        pytest.skip(f"{language} is not installed here")
    compile_limits = replace(DEFAULT_COMPILE_LIMITS, memory_mib=DEFAULT_LIMITS.memory_mib)

    ended = run(folder, source, language, compile_limits=compile_limits)

    assert ended.report.run
    assert ended.report.run.signal
    assert ended.output.run
    assert ended.output.run.stdout == b"one\n"


def test_blocks_are_left_to_the_language(folder: Path) -> None:
    source = "import os\nprint('one')\nos.abort()"

    ended = run(folder, source, "python", buffering=Buffering.BLOCK)

    assert ended.output.run
    assert ended.output.run.stdout == b""
