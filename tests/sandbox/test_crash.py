"""The daemon is killed at any moment; no verdict that it reported is lost or changed."""

from dataclasses import replace
from random import Random

from app.domain.pod import Pod
from app.domain.report import Observation, Phase
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language
from tests.support.waiting import wait_until

CRASHES = 2
PODS = 20


def test_a_verdict_that_was_reported_stays(own_sandbox: SandboxDaemon) -> None:
    random = Random(11)
    reported: dict[str, Observation] = {}
    for crash in range(CRASHES):
        pods = created(own_sandbox, [f"crash{crash}-{number}" for number in range(1, PODS)])

        reported |= ended(own_sandbox, pods, at_least=random.randrange(1, PODS - 1))
        own_sandbox.kill()
        own_sandbox.start()

        for name, before in reported.items():
            now = own_sandbox.runtime.observe(name)
            assert now == replace(before, output=None)  # which is on disk only
        for name in reported:
            output = own_sandbox.runtime.output(name)
            assert output
            assert output.run
            assert output.run.stdout == f"{name}\n".encode()
        for pod in pods:
            observation = own_sandbox.runtime.observe(pod.name)
            assert observation
            assert observation.phase in {Phase.ENDED, Phase.FAULTED}


def created(sandbox: SandboxDaemon, names: list[str]) -> list[Pod]:
    bash = language(sandbox.runtime, "bash")
    pods = [a_pod(bash, f"echo {name}; exit 7", name=name) for name in names]
    for pod in pods:
        sandbox.runtime.create(pod)
    return pods


def ended(sandbox: SandboxDaemon, pods: list[Pod], *, at_least: int) -> dict[str, Observation]:
    """The reports of the pods that have ended, once this many have."""
    reported: dict[str, Observation] = {}

    def enough_are() -> bool:
        for pod in pods:
            observation = sandbox.runtime.observe(pod.name)
            if observation and observation.phase is Phase.ENDED:
                reported[pod.name] = replace(observation, output=None)  # which is in memory
        return len(reported) >= at_least

    wait_until(enough_are)
    return reported
