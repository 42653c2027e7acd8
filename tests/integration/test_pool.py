"""Which pools a worker accepts."""

import subprocess
import sys

from tests.integration.conftest import Service


def test_a_pool_that_forks_is_refused(service: Service) -> None:
    """By its other name: for `prefork`, its default, Celery takes the configured pool (threads)."""
    command = [sys.executable, "-m", "celery", "-q", "-A", "tasks", "worker", "-P", "processes"]
    worker = subprocess.run(
        command, env=service.environment, capture_output=True, text=True, timeout=60
    )
    assert worker.returncode != 0
    assert "Podline's workers use threads" in worker.stderr
