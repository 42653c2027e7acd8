"""The result of one attempt."""

from dataclasses import dataclass

from app.domain.artifact import Artifact, LeftOut
from app.domain.judging import JudgedTest
from app.domain.pod import Output, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one attempt printed, and how it ended. Inserted once and never changed."""

    id: str
    """The name of the attempt's pod."""
    execution_id: str
    report: Report
    output: Output
    artifacts: tuple[Artifact, ...] = ()
    """In the order of their names."""
    artifacts_left_out: tuple[LeftOut, ...] = ()
    tests: tuple[JudgedTest, ...] = ()
    """In the order of the runs; empty for a single run."""
    points_max: float = 0
    """Of all tests together."""

    @property
    def stored_bytes(self) -> int:
        """Of output and artifacts."""
        return self.output.size + sum(artifact.blob.size for artifact in self.artifacts)
