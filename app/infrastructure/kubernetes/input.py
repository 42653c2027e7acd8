"""The input of a pod: its stages in init's format, with output limits for the collector."""

import struct
from collections.abc import Sequence
from typing import Final

from app.domain.pod import Pod
from app.infrastructure.kubernetes import inside
from app.infrastructure.kubernetes.limits import MAX_ARTIFACT_BYTES
from app.infrastructure.sandbox.conversion import for_sandbox
from sandbox.artifacts.words import encode_patterns
from sandbox.init.program import Program, rlimits
from sandbox.init.protocol import PROTOCOL, Stage, encode, records, stdin_record
from sandbox.languages import LanguageSpec
from sandbox.languages.commands import Commands
from sandbox.wire import types
from sandbox.wire.types import SECOND

MARGIN_MIB: Final = 2
"""What main's container may use in addition to the program: for init, and for the kernel."""

_KIB: Final = 1024
_MIB: Final = 1024 * 1024
_NUMBER = struct.Struct("<Q")
_PLAN = struct.Struct("<8Q")
_OPENING = struct.Struct("<4Q")
"""As in collector.c."""
_LARGE: Final = 256
"""Bytes. Stdin that several runs have is in the input once if it is larger."""


def memory_mib(pod: Pod, spec: LanguageSpec) -> int:
    """Return the memory limit of main's container: the larger stage's limit plus the margin.

    init enforces the limit of a stage that is smaller.
    """
    run_mib = max(run.limits.memory_mib for run in pod.runs)
    compile_mib = pod.compile_limits.memory_mib
    return MARGIN_MIB + (max(run_mib, compile_mib) if spec.compile else run_mib)


def disk_mib(pod: Pod, spec: LanguageSpec) -> int:
    """Return the size of the volume that contains everything the program can write."""
    return pod.disk_mib(compiled=bool(spec.compile))


def stages(pod: Pod, spec: LanguageSpec) -> bytes:
    """Return the values of the ConfigMaps' only key, together: at most about 4 MiB.

    An image has the language's executable at one of several paths, and init uses the first that
    exists. So only `argv[0]` may depend on the path; a script must find it itself.
    """
    commands = _commands(spec, pod.language_version)
    container_mib = memory_mib(pod, spec)
    fitted = commands[0].fitted(for_sandbox(pod))
    shared = b"".join(records(fitted.files))
    patterns = encode_patterns(pod.artifacts) if pod.artifacts else b""
    content = _NUMBER.pack(PROTOCOL) + _PLAN.pack(
        bool(spec.compile),
        pod.stop_on_failure,
        int(pod.wall_seconds * SECOND),
        disk_mib(pod, spec) * _MIB,
        len(shared),
        pod.artifact_maxima.files,
        min(pod.artifact_maxima.bytes, MAX_ARTIFACT_BYTES),
        len(patterns),
    )
    content += shared + patterns
    if spec.compile:
        compilers = [command.compile_program(fitted) for command in commands]
        content += _stage(compilers, (), container_mib, shares=True)
    earlier: dict[bytes, int] = {}
    for run in fitted.runs:
        began = len(content)
        content += _run(fitted, run, commands, container_mib, earlier.get(run.stdin))
        if len(run.stdin) > _LARGE and run.stdin not in earlier:
            earlier[run.stdin] = content.index(stdin_record(run.stdin), began)
    return content


def _run(
    pod: types.Pod,
    run: types.Run,
    commands: Sequence[Commands],
    container_mib: int,
    stdin_at: int | None,
) -> bytes:
    """A run that replaces a file of the pod has all its files to itself.

    `stdin_at` is where in the input its stdin is already.
    """
    names = {file.name for file in pod.files}
    shares = names.isdisjoint(file.name for file in run.files)
    files = {file.name: file for file in (*(() if shares else pod.files), *run.files)}
    programs = [
        command.run_program(pod, run, inside.LINE, memory_is_counted=True) for command in commands
    ]
    compiled = inside.PROGRAM if commands[0].spec.compile else None
    return _stage(
        programs,
        list(files.values()),
        container_mib,
        shares=shares,
        empties=True,
        compiled=compiled,
        stdin_at=stdin_at,
    )


def _commands(spec: LanguageSpec, version: str) -> list[Commands]:
    """Return the commands for each path at which an image may have the language.

    Paths in home folders and patterns are left out.
    """
    executables = [path for path in spec.executables if path.startswith("/") and "*" not in path]
    return [
        Commands(spec, executable, version, runtime)
        for executable in executables
        for runtime in spec.runtimes or ("",)
    ]


def _stage(
    programs: Sequence[Program],
    files: Sequence[types.File],
    container_mib: int,
    *,
    shares: bool,
    empties: bool = False,
    compiled: str | None = None,
    stdin_at: int | None = None,
) -> bytes:
    program = programs[0]
    limits = program.limits
    held_by_container = limits.memory_mib + MARGIN_MIB == container_mib
    head, pieces = encode(
        Stage(
            argv=program.argv,
            paths=list(dict.fromkeys(program.argv[0] for program in programs)),
            env=program.env,
            files=files,
            stdin=program.stdin if stdin_at is None else None,
            wall_seconds=limits.wall_seconds,
            cpu_seconds=limits.cpu_seconds,
            memory_bytes=0 if held_by_container else (limits.memory_mib + MARGIN_MIB) * _MIB,
            merged=program.merged,
            peak_max_kib=limits.memory_mib * _KIB,
            rlimits=rlimits(program, alone=False),
            empties=empties,
            program=compiled,
        )
    )
    again = (0, 0) if stdin_at is None else (stdin_at, len(stdin_record(program.stdin)))
    opening = _OPENING.pack(limits.output_kib * _KIB, shares, *again)
    return opening + head + b"".join(pieces)
