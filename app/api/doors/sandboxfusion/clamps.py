"""Brings limits that clients ask for into what is possible here. None is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isinf, isnan
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator

from app.api.submission.limits import MIN_SECONDS
from app.domain.language import Language
from app.domain.policy import Policy

_SECONDS: Final = 10.0
"""What SandboxFusion gives to either stage by default."""


def _finite(sent: object) -> object:
    """JSON has integers that are too large for a float."""
    if not isinstance(sent, int):
        return sent
    try:
        return float(sent)
    except OverflowError:
        return float("inf") if sent > 0 else float("-inf")


Number: TypeAlias = Annotated[float | None, BeforeValidator(_finite)]
"""Also as text, as pydantic reads it."""


@dataclass(slots=True)
class Clamps:
    """Collects a sentence about each limit that is not what the client asked for."""

    policy: Policy
    language: Language
    notes: list[str] = field(default_factory=list)

    def of_run(self, seconds: float | None, memory_mb: float | None) -> Mapping[str, Any]:
        """The limits of the program, by the names of our own API.

        SandboxFusion counts no CPU time and no output, so both get the maximum.
        """
        most = self.policy.run_limits(self.language.accepts, self.language.needs).maximum
        return {
            "wall_seconds": self._seconds("run_timeout", seconds, MIN_SECONDS, most.wall_seconds),
            "cpu_seconds": most.cpu_seconds,
            "memory_mib": self._memory(memory_mb, most.memory_mib),
            "output_kib": most.output_kib,
        }

    def of_compiler(self, seconds: float | None) -> Mapping[str, Any]:
        needs = self.language.compile_needs
        most = self.policy.compile_limits(self.language.accepts, needs).maximum
        least = min(needs.get("wall_seconds", MIN_SECONDS), most.wall_seconds)
        return {
            "wall_seconds": self._seconds("compile_timeout", seconds, least, most.wall_seconds),
            "cpu_seconds": most.cpu_seconds,
        }

    def _seconds(self, name: str, asked: float | None, least: float, most: float) -> float:
        """Below zero, as for the memory, means none."""
        if not asked or isnan(asked):
            return min(max(_SECONDS, least), most)
        seconds = most if asked < 0 else min(max(asked, least), most)
        if seconds < asked:
            self.notes.append(f"{name} was lowered to {seconds:g} s, the maximum here.")
        elif 0 < asked < seconds:
            self.notes.append(f"{name} was raised to {seconds:g} s, which the compiler may need.")
        return seconds

    def _memory(self, asked: float | None, most: int) -> int:
        if not asked or isnan(asked) or asked < 0:
            return most
        if asked > most:
            self.notes.append(f"memory_limit_MB was lowered to {most}, the maximum here.")
            return most
        return max(int(asked), 1)


def deadline(*limits: float | None, reserve: float) -> float:
    """How long a client waits that adds `reserve` to its limits, less a second to answer in.

    It waits as long as it asked for, even if the program gets less.
    """
    asked = [
        _SECONDS if not limit or isnan(limit) or limit < 0 or isinf(limit) else limit
        for limit in limits
    ]
    return min(sum(asked) + reserve - 1, _LONGEST)


_LONGEST: Final = 3600.0
