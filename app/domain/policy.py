"""The numbers that govern the service. The settings fill them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from app.domain.submission import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class InputMaxima:
    """How large a submission can be, in bytes unless the name says otherwise."""

    files: int = 64
    files_bytes: int = 512 * 1024
    file_name_bytes: int = 200
    stdin_bytes: int = 256 * 1024
    args: int = 64
    args_bytes: int = 16 * 1024
    env: int = 64
    env_bytes: int = 16 * 1024
    labels: int = 16
    label_characters: int = 63
    expected_output_bytes: int = 1024 * 1024


DEFAULT_LIMITS = Limits(
    wall_seconds=10, cpu_seconds=5, memory_mib=128, processes=128, output_kib=256, disk_mib=16
)
DEFAULT_COMPILE_LIMITS = Limits(
    wall_seconds=10, cpu_seconds=10, memory_mib=512, processes=128, output_kib=256, disk_mib=64
)
MAX_LIMITS = Limits(
    wall_seconds=60, cpu_seconds=60, memory_mib=1024, processes=256, output_kib=1024, disk_mib=256
)


@dataclass(frozen=True, slots=True)
class LimitRange:
    """The limits that one stage gets by default, and their maxima."""

    default: Limits
    maximum: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All times are in seconds."""

    max_running: int = 2
    """Slots in all."""
    max_running_per_owner: int = 2
    ageing_seconds: float = 60
    """A waiting execution rises by one band for each of these."""

    max_attempts: int = 3
    start_timeout: float = 60
    """From the start of an attempt until its program runs."""
    dlq_max_retries: int = 5
    retention_seconds: float | None = None
    """Executions and replays that ended longer ago are removed. None keeps them."""

    max_unfinished_per_owner: int = 1_000
    max_unfinished: int = 100_000
    idempotency_seconds: float = 24 * 3600

    default_limits: Limits = DEFAULT_LIMITS
    default_compile_limits: Limits = DEFAULT_COMPILE_LIMITS
    max_limits: Limits = MAX_LIMITS
    max_compile_limits: Limits = MAX_LIMITS
    input: InputMaxima = field(default_factory=InputMaxima)

    def run_limits(self, accepts: Mapping[str, int]) -> LimitRange:
        """`accepts` has the runtime's own maxima, which may be lower, by the names of Limits."""
        return _range(self.default_limits, _lowered(self.max_limits, accepts))

    def compile_limits(self, accepts: Mapping[str, int], needs: Mapping[str, int]) -> LimitRange:
        """As `run_limits`; the defaults are raised to what the compiler needs, up to the maxima."""
        default = self.default_compile_limits
        raised = {name: max(getattr(default, name), needed) for name, needed in needs.items()}
        return _range(replace(default, **raised), _lowered(self.max_compile_limits, accepts))


_NAMES: Final = tuple(each.name for each in fields(Limits))


def _range(default: Limits, maximum: Limits) -> LimitRange:
    """Each default is lowered to its maximum."""
    most = {name: getattr(maximum, name) for name in _NAMES}
    return LimitRange(_lowered(default, most), maximum)


def _lowered(limits: Limits, most: Mapping[str, float | None]) -> Limits:
    """A limit of None follows from another limit, so it can't be compared."""
    lower: dict[str, Any] = {
        name: maximum
        for name, maximum in most.items()
        if maximum is not None and (getattr(limits, name) or 0) > maximum
    }
    return replace(limits, **lower) if lower else limits
