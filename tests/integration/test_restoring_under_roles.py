"""A restore into a folder that roles use which were started by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.infrastructure.redis.reports import RedisTickReports
from tests.integration.conftest import Service
from tests.support.waiting import wait_until

PODLINE = Path(sys.executable).with_name("podline")


@pytest.mark.long
def test_it_is_refused_until_the_last_worker_has_ended(service: Service, tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.tar"
    by_hand = service.with_settings(
        PODLINE_DATA_DIR=str(data), PODLINE_DATABASE_URL="", PODLINE_EVENT_LOG_URL=""
    )
    ticks = RedisTickReports(service.redis)

    def podline(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(PODLINE), *map(str, arguments), "--data-dir", str(data)]
        return subprocess.run(
            command, env=by_hand.environment, capture_output=True, text=True, check=False
        )

    data.mkdir(mode=0o700)
    with by_hand.worker("saga") as worker, by_hand.beat():
        wait_until(lambda: any(t.ended for t in ticks.since(0) if t.name == "saga.sweep"))
        assert podline("backup", backup).returncode == 0
        refused = podline("restore", "--force", backup)
        assert refused.returncode == 1
        assert f"podline.db is in use by process {worker.pid}: stop all parts" in refused.stderr
    done = podline("restore", "--force", backup)
    assert done.returncode == 0, done.stderr
