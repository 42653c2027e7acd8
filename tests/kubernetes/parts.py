"""The cluster's components as processes of this machine, found by their pid files.

CLUSTER_RUN names the folder with `<part>.pid`; by default it is `run` beside the kubeconfig.
CLUSTER_CONTROL names a program that starts every part that is not running, if called with `up`.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.kubernetes.namespace import kubeconfig

SECONDS_TO_DIE = 10


@contextmanager
def stopped(part: str) -> Iterator[None]:
    """It hangs and its connections stay open, which is what time-outs are for."""
    pid = _pid(part)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def killed(part: str) -> Iterator[None]:
    """Stop it until the context ends. It responds again before this returns."""
    control = os.environ.get("CLUSTER_CONTROL")
    if not control:
        raise RuntimeError(
            "this test needs CLUSTER_CONTROL in the environment: the path of a program that,"
            " called with `up`, starts the parts of the cluster at KUBECONFIG that are not running"
        )
    process = psutil.Process(_pid(part))
    process.kill()
    process.wait(SECONDS_TO_DIE)  # otherwise it would count as running
    try:
        yield
    finally:
        subprocess.run([control, "up"], stdout=subprocess.DEVNULL, check=True)


def processes_of(pod_uid: str, command: Sequence[str]) -> list[psutil.Process]:
    """The processes on this machine that run the command in that pod."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] == [*command] and pod_uid in _cgroups(process)
    ]


def _cgroups(process: psutil.Process) -> str:
    try:
        return Path(f"/proc/{process.pid}/cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _pid(part: str) -> int:
    folder = os.environ.get("CLUSTER_RUN") or Path(kubeconfig()).with_name("run")
    return int(Path(folder, f"{part}.pid").read_text())
