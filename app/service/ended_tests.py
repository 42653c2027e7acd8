"""How tests ended, as frames of live output."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from app.domain.report import Frame, StageReport, Stream


def frames_of(reports: Sequence[StageReport | None], after: int) -> list[Frame]:
    """The frames of all tests that have ended, except the first `after`."""
    return [
        Frame(index + 1, Stream.TESTS, index, json.dumps(report and asdict(report)).encode())
        for index, report in enumerate(reports)
        if index >= after
    ]


def report_of(frame: Frame) -> StageReport | None:
    """None if the runtime skipped the test."""
    report = json.loads(frame.content)
    return None if report is None else StageReport(**report)
