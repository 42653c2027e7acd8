"""The API's CPU time for request bodies that are made to be expensive."""

from pathlib import Path
from typing import Final

from app.domain.api_key import Role
from benchmarks.measure import MILLISECONDS, table, verdict
from tests.support.api_contract import connector
from tests.support.costly import OPERATORS, SUBMISSIONS
from tests.support.cpu import least_cpu_seconds
from tests.support.twins import make_twins

TITLE: Final = "Rejecting a body: the API's CPU time, and its memory afterwards"
SIZE: Final = 2_000_000
BAR: Final = 50.0
"""Milliseconds per megabyte."""
NO_QUOTA: Final = 1_000_000


def run(*, quick: bool) -> str:
    app = _Application()
    size, times = (SIZE // 10, 1) if quick else (SIZE, 5)
    before = _resident_mib()
    paths = {kind: ("executions", fill) for kind, fill in SUBMISSIONS.items()} | dict(OPERATORS)
    rows = [app.row(kind, path, fill(size), times) for kind, (path, fill) in paths.items()]
    rows.sort(key=lambda row: -float(str(row[3])))
    times_table = table(["", "MB", "ms", "ms/MB", f"target: {BAR:.0f} ms/MB"], rows)
    return (
        f"{times_table}\n\nResident memory: {before:.0f} MiB before the first body,"
        f" {_resident_mib():.0f} MiB after the last."
    )


class _Application:
    """The application, without an HTTP server or database."""

    def __init__(self) -> None:
        ports = make_twins(max_unfinished_per_owner=NO_QUOTA).ports
        self._api = connector(ports)("root", Role.ADMIN)

    def row(self, kind: str, path: str, body: bytes, times: int) -> list[object]:
        megabytes = len(body) / 1e6
        spent = MILLISECONDS * least_cpu_seconds(lambda: self._post(path, body), times=times)
        rate = spent / megabytes
        return [kind, megabytes, spent, rate, verdict(rate, BAR)]

    def _post(self, path: str, body: bytes) -> None:
        self._api.app.test_client().post(
            f"/api/v1/{path}",
            data=body,
            content_type="application/json",
            headers={"X-API-Key": str(self._api.key)},
        )


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1024**2
