"""Options for streams and compiler, in real jails."""

from dataclasses import replace

import pytest

from app.domain.execution import Outcome
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Limit
from app.domain.submission import Streams
from tests.support.judging import judge
from tests.support.sandbox_daemon import SandboxDaemon

ALTERNATES = "for i in 1 2 3; do echo o$i; echo e$i >&2; done"
IN_ORDER = b"o1\ne1\no2\ne2\no3\ne3\n"


def test_merged_streams_keep_their_order(sandbox: SandboxDaemon) -> None:
    _, output = sandbox.run("bash", ALTERNATES, streams=Streams.MERGED)

    assert output.run
    assert (output.run.stdout, output.run.stderr) == (IN_ORDER, b"")


def test_merged_streams_are_merged_for_children_and_by_name_too(sandbox: SandboxDaemon) -> None:
    source = "bash -c 'echo a >&2'; echo b > /dev/stderr; echo c > /dev/stdout"

    _, output = sandbox.run("bash", source, streams=Streams.MERGED)

    assert output.run
    assert (output.run.stdout, output.run.stderr) == (b"a\nb\nc\n", b"")


def test_merged_streams_share_one_output_limit(sandbox: SandboxDaemon) -> None:
    source = "head -c 600 /dev/zero; head -c 600 /dev/zero >&2; sleep 60"
    limits = replace(DEFAULT_LIMITS, output_kib=1)

    observation, output = sandbox.run("bash", source, limits=limits, streams=Streams.MERGED)

    assert judge(observation, None, output).outcome is Outcome.OUTPUT_LIMIT
    assert output.run
    assert len(output.run.stdout) == 1024


def test_a_compiler_s_streams_are_never_merged(sandbox: SandboxDaemon) -> None:
    source = '#warning "look"\nint main(void) { return 0; }'

    _, output = sandbox.run("c", source, streams=Streams.MERGED)

    assert output.compile
    assert output.compile.stdout == b""
    assert b"look" in output.compile.stderr


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_arguments_for_the_compiler_reach_it_unchanged(
    sandbox: SandboxDaemon, language: str
) -> None:
    """They come after our own, so they win, and after the sources, so libraries are found."""
    source = "#include <stdio.h>\nint main(void) { puts(WORDS); return __OPTIMIZE__ + 0 == 0; }"
    args = ('-DWORDS="two words; $HOME"', "-O1")

    _, output = sandbox.run(language, source, compile_args=args)

    assert output.run, output.compile
    assert output.run.stdout == b"two words; $HOME\n"


def test_a_wrong_argument_for_the_compiler_is_its_to_refuse(sandbox: SandboxDaemon) -> None:
    observation, output = sandbox.run("c", "int main(void) {}", compile_args=("--no-such",))

    assert judge(observation, None, output).outcome is Outcome.COMPILE_ERROR
    assert output.compile
    assert b"--no-such" in output.compile.stderr


@pytest.mark.parametrize(
    ("language", "source", "limits", "possible"),
    [
        (
            "cpp",
            "#include <bits/stdc++.h>\nint main() {}",
            {"wall_seconds": 0.1},
            {Limit.WALL},
        ),
        (
            "c",
            "#include </dev/zero>\nint main(void) {}",
            {"memory_mib": 64},
            {Limit.MEMORY, Limit.CPU, Limit.WALL},
        ),
        ("c", '#error "' + "x" * 4096, {"output_kib": 1}, {Limit.OUTPUT}),
    ],
    ids=["out of time", "out of memory", "too much output"],
)
def test_a_limit_that_stops_the_compiler_is_named(
    sandbox: SandboxDaemon,
    language: str,
    source: str,
    limits: dict[str, float],
    possible: set[Limit],
) -> None:
    compile_limits = replace(DEFAULT_COMPILE_LIMITS, **limits)  # type: ignore[arg-type]  # names that a test gives

    observation, output = sandbox.run(language, source, compile_limits=compile_limits)

    assert judge(observation, None, output).outcome is Outcome.COMPILE_ERROR
    assert observation.report
    assert observation.report.compile
    assert observation.report.compile.stopped_by in possible
    assert observation.report.message
    assert observation.report.message.startswith("A limit stopped the compiler: compile_limits.")
