"""The result of a program that a test ran to its end."""

from dataclasses import dataclass

from app.domain.execution import Outcome
from app.domain.report import Observation, Output, Phase
from tests.support.judging import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    observation: Observation
    output: Output | None

    @property
    def outcome(self) -> Outcome | None:
        """The outcome, or None for a fault of the runtime."""
        if self.observation.phase is not Phase.ENDED:
            return None
        return judge(self.observation, None, self.output).outcome

    @property
    def stdout(self) -> bytes:
        return self.output.run.stdout if self.output and self.output.run else b""

    @property
    def signal(self) -> str | None:
        report = self.observation.report
        return report.run.signal if report and report.run else None

    @property
    def wall_us(self) -> int:
        report = self.observation.report
        return report.run.wall_us if report and report.run else 0
