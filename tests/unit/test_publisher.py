"""What a process that only sends messages loads of Celery's part."""

import subprocess
import sys
from pathlib import Path

CHECK = """
import gc, sys
threshold = gc.get_threshold()
from celery.signals import task_failure, worker_init
from app.settings import Settings
from app.wiring import make_ports, make_publisher
settings = Settings.load()
make_ports(settings, make_publisher(settings))
assert "tasks" not in sys.modules
assert "app.infrastructure.celery.worker" not in sys.modules
assert gc.get_threshold() == threshold
assert not task_failure.receivers and not worker_init.receivers
"""


def test_a_publisher_loads_nothing_of_a_worker(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", CHECK], cwd=tmp_path, check=True)
