"""Pods on a real kubelet give the same verdicts as jails, even to hostile programs."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.domain.pod import Pod
from app.domain.policy import Policy
from app.domain.submission import File
from app.infrastructure.kubernetes.images import Image, Offers
from app.infrastructure.kubernetes.manifest import PodOptions
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from sandbox import languages
from tests.hostile.program import LIMITS, Hostile, all_programs
from tests.pod.cluster_runs import pod_for, run, run_all
from tests.pod.conftest import NEW
from tests.sandbox.test_verdicts import CASES, Case, given_in, says
from tests.support.host import a_host
from tests.support.judging import judge
from tests.support.kubernetes.cluster import RuntimeAhead, a_runtime
from tests.support.kubernetes.images import WITHOUT_SHELL, pod_image
from tests.support.kubernetes.namespace import a_namespace
from tests.support.ran import Ran

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(1800)]

ESCAPED = b"ESCAPED"

STACK = "a pod has interfaces and routes; a policy drops what it sends, a datagram socket's too"
PROC = "a pod's /proc hides no process and is writable, as far as a user's own processes go"
INODES = "a volume has no limit of inodes, so that they are counted as memory"
SOCKETS = "cgroup version 1 counts what sockets hold apart, and a kubelet sets it no limit"
DIFFERENT: Mapping[str, str] = {
    "crash.py": "the kubelet's core limit is 0, which nobody in a pod can raise to 1",
    "deep_folders.py": INODES,
    "host_files.py": "what it finds are the files of the language's image",
    "inode_fill.py": INODES,
    "links_fill.py": INODES,
    "memory_of_tcp.py": SOCKETS,
    "memory_of_udp.py": SOCKETS,
    "metadata_address.py": STACK,
    "no_permissions.py": "the volume's folders are root's, so it can't take their permissions",
    "other_sandboxes.py": PROC,
    "proc_of_init.py": PROC,
    "proc_writes.py": PROC,
    "service_stores.py": STACK,
    "setuid_programs.sh": "its uid is the pod's own",
    "sys_writes.py": "a pod's /sys is there, read-only",
    "terminal.py": "a pod has terminals of its own",
}
"""Programs that can't have the same verdict in a pod, and why; they get one all the same."""

POOLS: Mapping[str, int] = {"python": 2, "bash": 2, "c": 1}
SMALL = 0.01
"""Cores that each container requests, so that pools and programs fit on two."""


def test_an_image_without_a_shell_is_the_reason() -> None:
    """The pod's collector would wait for init until the deadline."""
    with a_namespace() as namespace:
        options = PodOptions(collector_image=pod_image().name, image_pull_policy="Never")
        without_shell = Offers({"python": Image(WITHOUT_SHELL.name, "3.11")}, languages.load())
        runtime = KubernetesRuntime(namespace, without_shell, options)
        ran = run(runtime, pod_for(runtime, "print(1)", "python"))

    assert ran.outcome is None
    assert ran.observation.message
    assert ran.observation.message.startswith("the program's container could not start: StartError")
    assert "/bin/sh" in ran.observation.message


@contextmanager
def runtime_of(started: str, policy: Policy) -> Iterator[KubernetesRuntime]:
    """Its pods are new, or were started ahead with the policy's limits."""
    with a_namespace() as namespace:
        if started == NEW:
            yield a_runtime(namespace)
        else:
            ahead = RuntimeAhead(namespace, POOLS, policy, cpu_request=SMALL)
            yield ahead
            assert ahead.claimed


def asked_for(request: pytest.FixtureRequest, started: str, subject: str) -> list[Any]:
    """What the selected tests are about."""
    return [
        item.callspec.params[subject]
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        if item.getparent(pytest.Module) is request.node
        if item.callspec.params.get("started") == started and subject in item.callspec.params
    ]


@pytest.fixture(scope="module")
def hostile(started: str, request: pytest.FixtureRequest) -> Iterator[Mapping[str, Ran]]:
    """The results of the selected programs, by name."""
    programs: list[Hostile] = asked_for(request, started, "program")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with (
            a_host(Path(name)) as host,
            runtime_of(started, Policy(default_limits=LIMITS)) as runtime,
        ):
            pods = [_hostile_pod(runtime, program, host.env) for program in programs]
            names = [program.name for program in programs]
            yield dict(zip(names, run_all(runtime, pods), strict=True))
            assert not host.was_reached()


def _hostile_pod(runtime: KubernetesRuntime, program: Hostile, env: Mapping[str, str]) -> Pod:
    return pod_for(
        runtime,
        program.source,
        program.language,
        files=(File(program.file, program.source),),
        entrypoint=program.file,
        env=env,
        limits=program.limits,
        compile_limits=program.compile_limits,
    )


@pytest.fixture(scope="module")
def cases(started: str, request: pytest.FixtureRequest) -> Iterator[Mapping[str, Ran]]:
    """The selected rows of docs/verdicts.md, by their first column."""
    rows: list[Case] = asked_for(request, started, "case")
    with runtime_of(started, Policy()) as runtime:
        pods = [
            pod_for(runtime, case.program, case.language, limits=given_in(case)[0]) for case in rows
        ]
        names = [case.what for case in rows]
        yield dict(zip(names, run_all(runtime, pods), strict=True))


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_the_table_of_verdicts(cases: Mapping[str, Ran], case: Case) -> None:
    ran = cases[case.what]

    _, expected = given_in(case)
    verdict = judge(ran.observation, expected, ran.output)
    assert ran.observation.report
    stage = ran.observation.report.run
    assert verdict.outcome == case.outcome, ran
    assert says(case.exit_code, verdict.exit_code), ran
    assert says(case.signal, verdict.signal), ran
    assert says(case.stopped_by, stage.stopped_by if stage else None), ran


@pytest.mark.parametrize("program", all_programs(), ids=lambda program: program.name)
def test_a_hostile_program_gets_its_verdict_and_nothing_else(
    hostile: Mapping[str, Ran], program: Hostile
) -> None:
    ran = hostile[program.name]

    assert ran.outcome, ran.observation
    if program.name in DIFFERENT:
        return
    assert ran.outcome in program.outcomes, ran
    assert set(program.stdout) <= set(ran.stdout.decode(errors="replace").splitlines()), ran
    assert ESCAPED not in ran.stdout
