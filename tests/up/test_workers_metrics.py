"""What the workers beside daemons count is served at one port."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.parts import start_part
from tests.support.ports import free_port
from tests.support.waiting import wait_until

COUNTS = "from app.infrastructure.prometheus.metrics import PrometheusMetrics as M; "
COUNTS += "M().attempt_started()"


def test_one_port_has_the_metrics_of_all_workers(tmp_path: Path) -> None:
    """Also of one that has ended."""
    port = free_port()
    data, daemons = tmp_path / "data", tmp_path / "daemons"
    daemons.mkdir(mode=0o700)
    heartbeat = tmp_path / "heartbeat"
    environment = os.environ | {
        "PODLINE_DATABASE_URL": "mongodb://nowhere/podline",
        "PODLINE_REDIS_URL": "redis://127.0.0.1:1/0",
        "PODLINE_RUNTIME_URL": "hosts:",
        "PODLINE_METRICS_PORT": str(port),
        "PODLINE_HEARTBEAT_FILE": str(heartbeat),
    }
    command = ("app.cli", "host", "--daemons", str(daemons), "--data-dir")
    log = tmp_path / "log"
    with start_part(log, environment, *command, str(data)) as process:
        try:
            wait_until(lambda: served(port), or_fail=log.read_text)
            shared = {"PROMETHEUS_MULTIPROC_DIR": str(data / "metrics")}
            counts = [sys.executable, "-c", COUNTS]
            subprocess.run(counts, env=os.environ | shared, check=True, timeout=60)
            assert "\npodline_attempts_total 1.0\n" in served(port)
            other = start_part(log, environment, *command, str(tmp_path / "other"))
            assert other.wait(timeout=60) == 1
            assert "PODLINE_METRICS_PORT can't be used" in log.read_text()
            wait_until(heartbeat.exists, or_fail=log.read_text)  # it tries the database first
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def served(port: int) -> str:
    """Nothing before it starts."""
    with suppress(URLError), urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        return str(response.read().decode())
    return ""
