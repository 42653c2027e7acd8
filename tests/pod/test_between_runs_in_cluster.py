"""Nothing passes from one run of a pod to the next on a real kubelet either."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.pod import Pod
from app.domain.report import Phase
from app.domain.submission import File
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.hostile.program import LIMITS
from tests.hostile.test_between_tests import LANGUAGES, PROGRAMS, REFUSED, RUNS, source_of
from tests.pod.cluster_runs import pod_for, run_all
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.namespace import a_namespace
from tests.support.ran import Ran
from tests.support.sandbox_daemon import a_run

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(900)]

ENDS_OTHERWISE: Mapping[str, str] = {
    "inodes.py": "a volume has no limit of inodes, so that they are counted as memory",
    "ports.py": "a port in TIME_WAIT is in use for a minute, since a pod has one network",
}
PASSES = {"ports.py"}


@pytest.fixture(scope="module")
def results() -> Iterator[Mapping[str, Ran]]:
    with a_namespace() as namespace:
        runtime = a_runtime(namespace)
        pods = [_pod(runtime, path) for path in PROGRAMS]
        yield dict(zip((path.name for path in PROGRAMS), run_all(runtime, pods), strict=True))


def _pod(runtime: KubernetesRuntime, path: Path) -> Pod:
    pod = pod_for(runtime, source_of(path), LANGUAGES[path.suffix])
    limits = {} if path.suffix == ".java" else {"limits": LIMITS}
    run = a_run(stdin=b"one\ntwo\n", **limits)
    files = (*pod.files, File("data.txt", b"data"))
    return replace(pod, files=files, runs=(run,) * RUNS, wall_seconds=600)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_every_run_finds_what_the_first_one_found(results: Mapping[str, Ran], path: Path) -> None:
    observation, output = results[path.name].observation, results[path.name].output

    assert observation.phase is Phase.ENDED, observation.message
    assert observation.report
    assert output
    ends = [run and (run.exit_code, run.stopped_by) for run in observation.report.runs]
    assert (ends == [(0, None)] * RUNS) == (path.name not in ENDS_OTHERWISE), output
    first, *others = output.runs
    assert first
    assert first.stdout
    assert b"ESCAPED" not in first.stdout
    same = [run and run.stdout for run in others] == [first.stdout] * (RUNS - 1)
    assert same == (path.name not in PASSES), output
    assert first.stderr in REFUSED or first.stderr != first.stdout, "it changed nothing"
