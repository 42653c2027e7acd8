"""Runs several hostile programs at once, with well-behaved ones beside them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Final

from app.domain.execution import Outcome
from app.domain.policy import DEFAULT_LIMITS
from app.domain.submission import File
from tests.hostile.program import Hostile
from tests.hostile.traces import Traces, traces_of, wait_until_idle
from tests.support.host import Host
from tests.support.ran import Ran
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language, wait_for_end
from tests.support.waiting import wait_until

HOSTILE_AT_ONCE: Final = 3
BAYS: Final = HOSTILE_AT_ONCE + 1
_GOOD: Final = Path(__file__).with_name("good.py")
_GOOD_STDIN: Final = b"stdin" * 20_000
_GOOD_STDOUT: Final = b"100000 31 child\n"
_RUNS_ALONE: Final = 5
_SECONDS_BETWEEN_GOOD_ONES: Final = 1.5
"""Without a pause, the good ones would take most of a core."""


@dataclass(slots=True, kw_only=True)
class Field:
    """The results."""

    has_cgroups: bool
    ran: Mapping[str, Ran]
    """By the name of the hostile program."""
    alone: Sequence[Sequence[Ran]]
    """The good program, with nothing beside it: before the hostile ones, and after them."""
    beside: Sequence[Ran]
    """The good program, over and over, with hostile ones beside it."""
    before: Traces
    after: Traces
    host_was_reached: bool


def run_all(sandbox: SandboxDaemon, programs: Sequence[Hostile], host: Host) -> Field:
    env = host.env
    mark = f"HOST_PORT={env['HOST_PORT']}"
    alone = run_alone(sandbox)
    with ThreadPoolExecutor(BAYS) as pool:
        _warm_up(pool, sandbox)
        wait_until_idle(sandbox)
        before = traces_of(sandbox, mark)
        ran, beside = _Lanes(sandbox, env, pool).run(programs)
    with suppress(AssertionError):  # the test that compares them says more
        wait_until(lambda: traces_of(sandbox, mark) == before, within=60)
    after = traces_of(sandbox, mark)
    return Field(
        has_cgroups=before.cgroups > 0,
        ran=ran,
        alone=(alone, run_alone(sandbox)),
        beside=beside,
        before=before,
        after=after,
        host_was_reached=host.was_reached(),
    )


@dataclass(slots=True)
class _Lanes:
    sandbox: SandboxDaemon
    env: Mapping[str, str]
    pool: ThreadPoolExecutor
    _over: Event = field(default_factory=Event)

    def run(self, programs: Sequence[Hostile]) -> tuple[dict[str, Ran], list[Ran]]:
        good = self.pool.submit(self._run_good_ones)
        try:
            ran = list(self.pool.map(self._run_hostile, programs))
        finally:
            self._over.set()
        names = [program.name for program in programs]
        return dict(zip(names, ran, strict=True)), good.result()

    def _run_good_ones(self) -> list[Ran]:
        ran = []
        while not self._over.wait(_SECONDS_BETWEEN_GOOD_ONES):
            ran.append(run_good(self.sandbox))
        return ran

    def _run_hostile(self, program: Hostile) -> Ran:
        return run(
            self.sandbox,
            program.language,
            files=(File(program.file, program.source),),
            entrypoint=program.file,
            env=self.env,
            limits=program.limits,
            compile_limits=program.compile_limits,
        )


def _warm_up(pool: ThreadPoolExecutor, sandbox: SandboxDaemon) -> None:
    """Open a connection to the daemon for each lane."""
    list(pool.map(lambda _: run_good(sandbox), range(2 * BAYS)))


def run_alone(sandbox: SandboxDaemon) -> list[Ran]:
    return [run_good(sandbox) for _ in range(_RUNS_ALONE)]


def run_good(sandbox: SandboxDaemon) -> Ran:
    files = (File("main.py", _GOOD.read_bytes()),)
    return run(sandbox, "python", files=files, stdin=_GOOD_STDIN, limits=DEFAULT_LIMITS)


def is_good(ran: Ran) -> bool:
    """Whether it is the result that the good program must have."""
    return ran.outcome is Outcome.SUCCESS and ran.stdout == _GOOD_STDOUT


def run(sandbox: SandboxDaemon, name: str, **facts: Any) -> Ran:
    pod = a_pod(language(sandbox.runtime, name), **facts)
    observation = wait_for_end(sandbox.runtime, pod)
    output = sandbox.runtime.output(pod.name)
    sandbox.runtime.delete(pod.name)
    return Ran(observation=observation, output=output)
