"""How a compiler is started before its program is known, and when it may be.

The program must not be able to tell the difference. So a compiler is started anew for whatever can
change how it starts, or can have it run code of the program's own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sandbox.init.program import Program
from sandbox.wire.types import Pod

TASK_BYTES_MAX: Final = 16 << 10
"""What a socket takes at once, however small its buffer is."""
_FOR_LAUNCHER: Final = "-J"
"""javac's launcher takes these arguments for the virtual machine."""
_PLUGINS: Final = "META-INF/"
"""javac runs what is named there, in the class path, which is the working folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AheadOfTask:
    """A compiler that can be started ahead."""

    program: Program
    """What is started. Its limits of time are zero: they count from the task on."""
    task: bytes
    """The compiler's arguments, each with a NUL at its end."""


def ahead_of_task(
    pod: Pod, compiler: Program, argv: Sequence[str], compile_args: str
) -> AheadOfTask | None:
    """`argv` starts it ahead, and `compile_args` is the pattern of arguments that it may get.

    None if the compiler of this pod has to be started anew.
    """
    known = re.compile(compile_args)
    if not all(known.fullmatch(argument) for argument in pod.compile_args):
        return None
    if any(file.name.startswith(_PLUGINS) for file in pod.files):
        return None
    arguments = [each for each in compiler.argv[1:] if not each.startswith(_FOR_LAUNCHER)]
    task = b"".join(argument.encode() + b"\0" for argument in arguments)
    if len(task) > TASK_BYTES_MAX:
        return None
    limits = replace(compiler.limits, wall_seconds=0, cpu_seconds=0, output_kib=0)
    return AheadOfTask(program=replace(compiler, argv=tuple(argv), limits=limits), task=task)
