"""Hostile programs through the whole service: verdicts are right, and no host takes harm."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain, repeat
from pathlib import Path
from typing import Final

import pytest

from podline import Execution, Outcome, Program
from sandbox.jail import kit
from tests.hostile.program import Hostile, all_programs
from tests.hosts.test_lost import nothing_is_left
from tests.support.cgroups import cgroups
from tests.support.host import Host, a_host
from tests.support.many_hosts import ManyHosts, SandboxHost, accepted

GOOD: Final[Program] = {"language": "python", "source": "print(sum(range(10 ** 6)))"}
GOOD_STDOUT: Final = b"499999500000\n"
ESCAPED: Final = b"ESCAPED"


@pytest.fixture
def reachable(tmp_path: Path) -> Iterator[Host]:
    """What no program must reach."""
    with a_host(tmp_path) as host:
        yield host


def test_verdicts_are_right_and_no_host_takes_harm(service: ManyHosts, reachable: Host) -> None:
    before, hostile = parts(service), all_programs()
    submitted = [submission(each, reachable.env) for each in hostile]
    beside = chain.from_iterable(zip(submitted, repeat(GOOD)))
    with service.client() as client:
        ids = [each.id for each in accepted(client.submit_many(beside))]
    ended = service.ended(ids, within=240)
    wrong = {
        program.name: (found.outcome, found.message, found.result and found.result.stdout)
        for program, found in zip(hostile, ended[::2], strict=True)
        if not is_right(program, found, without_cgroups(service.hosts[found.place or ""]))
    }
    assert not wrong
    assert {(each.outcome, printed(each)) for each in ended[1::2]} == {
        (Outcome.SUCCESS, GOOD_STDOUT)
    }
    assert {each.attempt for each in ended} == {1}
    assert parts(service) == before
    assert not reachable.was_reached()
    nothing_is_left(service)


def submission(program: Hostile, env: dict[str, str]) -> Program:
    return {
        "language": program.language,
        "files": {program.file: program.source},
        "entrypoint": program.file,
        "env": env,
        "limits": asdict(program.limits),
        "compile_limits": asdict(program.compile_limits),
    }


def is_right(program: Hostile, found: Execution, without_cgroups: bool) -> bool:
    outcomes = program.outcomes_without_cgroups if without_cgroups else program.outcomes
    lines = printed(found).decode(errors="replace").splitlines()
    return (
        found.outcome is not None
        and found.outcome in {each.value for each in outcomes}
        and set(program.stdout) <= set(lines)
        and ESCAPED not in printed(found)
    )


def printed(execution: Execution) -> bytes:
    return execution.result.stdout_bytes if execution.result else b""


def without_cgroups(host: SandboxHost) -> bool:
    return not cgroups(kit.name_of(host.data / "sandbox"))


def parts(service: ManyHosts) -> list[int]:
    """The processes of each host."""
    return [
        host.part(name).pid for host in service.hosts.values() for name in ("sandbox", "worker")
    ]
