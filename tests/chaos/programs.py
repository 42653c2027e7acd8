"""The kinds of programs of the load, each with what must become of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.result import BEGINNING_BYTES
from podline import Outcome
from podline.submission import Checker, Program, Test

PATIENT: Final = {"wall_seconds": 60.0, "cpu_seconds": 60.0}
"""The limits of programs that are to reach none, however busy the machine is."""
LARGE: Final = 150_000
"""Bytes of an output or a file that become a blob. The result also has an output's beginning."""
LARGE_INPUT: Final = 600_000
"""Bytes of an input that make a program a blob."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is submitted for each number, and what must become of it."""

    program: Callable[[int], Program]
    outcome: Outcome = Outcome.SUCCESS
    stdout: Callable[[int], bytes] = lambda number: b"%d\n" % number
    stored: Callable[[int], int] | None = None
    """Bytes of output and artifacts; None: those of stdout."""
    weight: int = 1

    def stored_bytes(self, number: int) -> int:
        return self.stored(number) if self.stored else len(self.stdout(number))


def _bash(source: str, **more: object) -> Callable[[int], Program]:
    return _in("bash", source, **more)


def _in(language: str, source: str, **more: object) -> Callable[[int], Program]:
    given = {"limits": PATIENT, "compile_limits": PATIENT, **more}

    def program(number: int) -> Program:
        return {"language": language, "source": source.replace("NUMBER", str(number)), **given}  # type: ignore[typeddict-item]  # mypy can't look into `given`

    return program


def _nothing(_: int) -> bytes:
    return b""


_TESTS: Final[list[Test]] = [{"stdin": f"{each}\n", "expected_output": str(each)} for each in "123"]
_LAST_IS_WRONG: Final[list[Test]] = [*_TESTS, {"stdin": "4\n", "expected_output": "5"}]
_CHECKER: Final[Checker] = {
    "language": "bash",
    "source": "[ `cat output` = `cat input` ]",
    "limits": PATIENT,
}
_C: Final = '#include <stdio.h>\nint main(void) { puts("NUMBER"); return 0; }\n'
_C_OF_SEVEN: Final = '#include <stdio.h>\nint main(void) { puts("%d"); return 0; }\n'


def _compiled(number: int) -> Program:
    """One of seven programs, so that most are found compiled."""
    return _in("c", _C_OF_SEVEN % (number % 7))(number)


KINDS: Final[Mapping[str, Kind]] = {
    "prints": Kind(_bash("echo NUMBER"), weight=30),
    "takes a while": Kind(_bash("sleep 0.4; echo NUMBER"), weight=20),
    "prints, in Python": Kind(_in("python", "print(NUMBER)"), weight=6),
    "prints slowly": Kind(
        _bash("for n in 1 2 3; do echo $n; sleep 0.2; done"),
        stdout=lambda _: b"1\n2\n3\n",
        weight=6,
    ),
    "reads": Kind(
        _bash("cat; echo NUMBER", stdin="x\n"), stdout=lambda n: b"x\n%d\n" % n, weight=6
    ),
    "exits with 3": Kind(_bash("echo NUMBER; exit 3"), Outcome.RUNTIME_ERROR, weight=5),
    "crashes": Kind(_bash("kill -SEGV $$"), Outcome.RUNTIME_ERROR, _nothing, weight=2),
    "prints something else": Kind(
        _bash("echo NUMBER", expected_output="no"), Outcome.WRONG_OUTPUT, weight=4
    ),
    "sleeps too long": Kind(
        _bash("sleep 60", limits={"wall_seconds": 1.0}), Outcome.TIME_LIMIT, _nothing, weight=2
    ),
    "prints too much": Kind(
        _bash("yes", limits=PATIENT | {"output_kib": 8}),
        Outcome.OUTPUT_LIMIT,
        lambda _: b"y\n" * 4096,
        weight=2,
    ),
    "prints much": Kind(
        _bash(f"echo NUMBER; head -c {LARGE} /dev/zero | tr '\\0' x"),
        stdout=lambda n: b"%d\n" % n + b"x" * LARGE,
        stored=lambda n: BEGINNING_BYTES + len(b"%d\n" % n) + LARGE,
        weight=3,
    ),
    "leaves a file": Kind(
        _bash(f"echo NUMBER; head -c {LARGE} /dev/zero >kept.bin", artifacts=["kept.bin"]),
        stored=lambda n: len(b"%d\n" % n) + LARGE,
        weight=3,
    ),
    "has a large input": Kind(
        _bash("wc -c", stdin="x" * LARGE_INPUT),
        stdout=lambda _: b"%d\n" % LARGE_INPUT,
        weight=1,
    ),
    "is compiled": Kind(_compiled, stdout=lambda n: b"%d\n" % (n % 7), weight=3),
    "is compiled anew": Kind(_in("c", _C), weight=1),
    "has tests": Kind(
        _bash("cat", tests=_TESTS), stdout=_nothing, stored=lambda _: len(b"1\n2\n3\n"), weight=4
    ),
    "fails a test": Kind(
        _bash("cat", tests=_LAST_IS_WRONG),
        Outcome.WRONG_OUTPUT,
        _nothing,
        lambda _: len(b"1\n2\n3\n4\n"),
        weight=2,
    ),
    "has a checker": Kind(
        _bash("cat", tests=[{"stdin": "1\n"}, {"stdin": "2\n"}], checker=_CHECKER),
        stdout=_nothing,
        stored=lambda _: len(b"1\n2\n"),
        weight=2,
    ),
}
