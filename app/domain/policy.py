"""The numbers that govern the service. The settings fill them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Final

from app.domain.artifact import ArtifactMaxima
from app.domain.declared import means
from app.domain.submission import Limits

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class InputMaxima:
    """How large a submission can be, in bytes unless the name says otherwise."""

    submission_bytes: int = field(
        default=12 * _MIB, metadata=means("A whole submission, as it is sent, in bytes.", gt=0)
    )
    files: int = 256
    files_bytes: int = field(
        default=8 * _MIB, metadata=means("All files of a submission together, in bytes.", gt=0)
    )
    file_name_bytes: int = 200
    stdin_bytes: int = field(
        default=8 * _MIB, metadata=means("The program's input, in bytes.", ge=0)
    )
    args: int = 64
    args_bytes: int = 16 * 1024
    env: int = 64
    env_bytes: int = 16 * 1024
    tests: int = 200
    test_files: int = 64
    """Of each test, in addition to those of the program."""
    artifacts: int = 32
    labels: int = 16
    label_characters: int = 63
    expected_output_bytes: int = field(
        default=8 * _MIB, metadata=means("The expected output, in bytes.", ge=0)
    )


MAX_WALL_SECONDS = 600
"""Of all tests of an execution together."""
DEFAULT_LIMITS = Limits(
    wall_seconds=10, cpu_seconds=5, memory_mib=128, processes=128, output_kib=256, disk_mib=16
)
DEFAULT_COMPILE_LIMITS = Limits(
    wall_seconds=10, cpu_seconds=10, memory_mib=512, processes=128, output_kib=256, disk_mib=64
)
MAX_LIMITS = Limits(
    wall_seconds=60, cpu_seconds=60, memory_mib=1024, processes=256, output_kib=4096, disk_mib=256
)


@dataclass(frozen=True, slots=True)
class LimitRange:
    """The limits that one stage gets by default, and their maxima."""

    default: Limits
    maximum: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What operators can set, and the limits that follow. All times are in seconds."""

    max_running: int = field(
        default=2,
        metadata=means(
            "Slots: programs that run at once, in total, or on the sandbox host where it is set.",
            gt=0,
        ),
    )
    max_running_per_owner: int | None = field(
        default=None, metadata=means("Slots of one owner.", gt=0)
    )
    """None: as many as there are, which on sandbox hosts is more than one machine's."""
    ageing_seconds: float = field(
        default=60,
        metadata=means("A waiting execution rises by one priority band for each of these.", gt=0),
    )

    max_attempts: int = field(
        default=3, metadata=means("Attempts of one execution before it fails.", gt=0)
    )
    start_timeout: float = field(
        default=60, metadata=means("From the start of an attempt until its program runs.", gt=0)
    )
    dlq_max_retries: int = field(
        default=5, metadata=means("Retries before a dead letter is archived.", ge=0)
    )
    retention_seconds: float | None = field(
        default=None,
        metadata=means(
            "Executions with their results, replays, dead letters, and events in `events.db` that "
            "are older are removed: [retention](operations.md#retention).",
            gt=0,
        ),
    )

    audit_seconds: float = field(
        default=365 * 24 * 3600,
        metadata=means(
            "Records of the [audit log](monitoring.md#audit-log) that are older are removed.", gt=0
        ),
    )
    disk_reserve_mib: int | None = field(
        default=None,
        metadata=means(
            "Free space on the disk, in MiB, below which no new work begins: [when the disk is "
            "nearly full](operations.md#when-the-disk-is-nearly-full). 0: until it is full.",
            ge=0,
        ),
    )
    """None: a twentieth of the disk, but at most 1 GiB."""

    max_unfinished_per_owner: int = field(
        default=1_000,
        metadata=means("Unfinished executions of one owner. Above it, submissions get 429.", gt=0),
    )
    max_unfinished: int = field(
        default=100_000,
        metadata=means(
            "Executions in the queue, of all owners. Above it, submissions get 429.", gt=0
        ),
    )
    requests: str = field(
        default="",
        metadata=means(
            "Requests of one API key, such as `10/s` (or per `m`, `h`, `d`), unless the key has a "
            "limit of its own. Above it, requests get 429."
        ),
    )
    cpu_day: float | None = field(
        default=None,
        metadata=means(
            "CPU seconds that the programs of one API key may use in a day (UTC), unless the key "
            "has a limit of its own. Above it, submissions get 429.",
            gt=0,
        ),
    )
    idempotency_seconds: float = field(
        default=24 * 3600,
        metadata=means(
            "How long an `Idempotency-Key` is remembered: at most `PODLINE_RETENTION_SECONDS`.",
            gt=0,
        ),
    )

    max_wall_seconds: float = field(
        default=MAX_WALL_SECONDS,
        metadata=means(
            "Wall time of all tests of an execution together. Tests that no longer fit are "
            "skipped.",
            gt=0,
        ),
    )

    callback_networks: str = field(
        default="",
        metadata=means(
            "Networks, separated by commas, that callbacks may be sent to although they are not "
            "public, such as `10.1.0.0/16`."
        ),
    )

    cors_origins: str = field(
        default="",
        metadata=means(
            "Origins of web pages that may call the API, separated by commas, such as "
            "`https://quiz.example.org`; `*` for all, which can't use sessions."
        ),
    )

    signs_callbacks: bool = True
    """Whether the service has a secret to sign callbacks with; otherwise they are refused."""

    default_limits: Limits = field(
        default=DEFAULT_LIMITS, metadata=means("Given to a program that sets none")
    )
    default_compile_limits: Limits = field(
        default=DEFAULT_COMPILE_LIMITS, metadata=means("Given to a compile stage")
    )
    max_limits: Limits = field(
        default=MAX_LIMITS, metadata=means("The most that a program can ask for")
    )
    max_compile_limits: Limits = field(
        default=MAX_LIMITS, metadata=means("The most that a compile stage can ask for")
    )
    input: InputMaxima = field(
        default_factory=InputMaxima, metadata=means("How large a submission can be")
    )
    artifacts: ArtifactMaxima = field(
        default_factory=ArtifactMaxima,
        metadata=means("How many of the files that a program created are kept"),
    )

    def run_limits(self, accepts: Mapping[str, int], needs: Mapping[str, int]) -> LimitRange:
        """`accepts` has the runtime's own maxima, which may be lower, by the names of Limits.

        The defaults are raised to what the language's packages need, up to the maxima.
        """
        return _range(self.default_limits, self.max_limits, _entries(accepts), _entries(needs))

    def compile_limits(self, accepts: Mapping[str, int], needs: Mapping[str, int]) -> LimitRange:
        """As `run_limits`, for the compiler."""
        return _range(
            self.default_compile_limits,
            self.max_compile_limits,
            _entries(accepts),
            _entries(needs),
        )


_NAMES: Final = tuple(each.name for each in fields(Limits))
_RANGES: Final = 256


def _entries(numbers: Mapping[str, int]) -> frozenset[tuple[str, int]]:
    return frozenset(numbers.items())


@lru_cache(_RANGES)
def _range(
    default: Limits,
    maximum: Limits,
    accepts: frozenset[tuple[str, int]],
    needs: frozenset[tuple[str, int]],
) -> LimitRange:
    """Each default is lowered to its maximum. Every submission asks for the same few."""
    maximum = _lowered(maximum, dict(accepts))
    most = {name: getattr(maximum, name) for name in _NAMES}
    return LimitRange(_lowered(_raised(default, dict(needs)), most), maximum)


def _raised(limits: Limits, needs: Mapping[str, int]) -> Limits:
    raised: dict[str, Any] = {
        name: max(getattr(limits, name), needed) for name, needed in needs.items()
    }
    return replace(limits, **raised) if raised else limits


def _lowered(limits: Limits, most: Mapping[str, float | None]) -> Limits:
    """A limit of None follows from another limit, so it can't be compared."""
    lower: dict[str, Any] = {
        name: maximum
        for name, maximum in most.items()
        if maximum is not None and (getattr(limits, name) or 0) > maximum
    }
    return replace(limits, **lower) if lower else limits
