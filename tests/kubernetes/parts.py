"""The parts of the cluster, as processes of this machine: their pids are in files.

CLUSTER_RUN names the folder with `<part>.pid`; by default it is `run` beside the kubeconfig.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kubernetes.namespace import kubeconfig


@contextmanager
def stopped(part: str) -> Iterator[None]:
    """It does nothing, and its connections stay: the kind of failure that time-outs are for."""
    pid = _pid(part)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _pid(part: str) -> int:
    folder = os.environ.get("CLUSTER_RUN") or Path(kubeconfig()).with_name("run")
    return int(Path(folder, f"{part}.pid").read_text())
