"""The daemon itself: what outlives it, what dies with it, and how it handles invalid input."""

import json
import os
import signal
import socket
import stat
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import psutil
import pytest

from app.domain.errors import RuntimeUnavailable
from app.domain.pod import Pod
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Phase
from sandbox.jail import kit
from sandbox.private import make_data_folder
from sandbox.wire import framing
from tests.support.cgroups import cgroups
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language, wait_for_end
from tests.support.waiting import wait_until

RUNS_ON = "setsid sleep 600 & trap '' TERM; echo begun; while :; do sleep 600; done"


def running(sandbox: SandboxDaemon) -> Pod:
    """A pod whose program has begun."""
    pod = a_pod(language(sandbox.runtime, "bash"), RUNS_ON)
    sandbox.runtime.create(pod)
    wait_until(lambda: sandbox.runtime.follow(pod.name, 0))
    return pod


def ended(sandbox: SandboxDaemon) -> Pod:
    pod = a_pod(language(sandbox.runtime, "bash"), "echo kept; echo too >&2; exit 5")
    wait_for_end(sandbox.runtime, pod)
    return pod


def gone(processes: list[psutil.Process]) -> Callable[[], bool]:
    return lambda: not any(map(runs, processes))


def runs(process: psutil.Process) -> bool:
    """It may end between two looks at it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_killed_it_leaves_nothing_running(own_sandbox: SandboxDaemon) -> None:
    for _ in range(own_sandbox.bays):
        running(own_sandbox)
    processes = own_sandbox.processes()
    assert len(processes) >= 4 * own_sandbox.bays

    own_sandbox.kill()

    wait_until(gone(processes))


@pytest.mark.long
def test_killed_while_jails_are_being_set_up_it_leaves_nothing_running(tmp_path: Path) -> None:
    """The moment is drawn at random, over and over."""
    random = Random(7)
    sandbox = SandboxDaemon(tmp_path, bays=2)
    for _ in range(3):
        sandbox.start()
        bash = language(sandbox.runtime, "bash")
        for _ in range(sandbox.bays):
            sandbox.runtime.create(a_pod(bash, RUNS_ON))
        for _ in range(random.randrange(40)):
            sandbox.runtime.ping()
        processes = sandbox.processes()
        sandbox.kill()
        wait_until(gone(processes))


def test_a_new_daemon_reports_how_the_killed_one_s_pods_ended(own_sandbox: SandboxDaemon) -> None:
    kept, lost = ended(own_sandbox), running(own_sandbox)
    before, output = own_sandbox.runtime.observe(kept.name), own_sandbox.runtime.output(kept.name)
    assert before
    assert before.output == output
    frames = own_sandbox.runtime.follow(kept.name, 0)

    own_sandbox.kill()
    own_sandbox.start()

    runtime = own_sandbox.runtime
    assert runtime.observe(kept.name) == replace(before, output=None), "it is on disk by now"
    assert runtime.output(kept.name) == output
    assert runtime.follow(kept.name, 0) == frames
    observation = runtime.observe(lost.name)
    assert observation
    assert observation.phase is Phase.FAULTED
    assert observation.message == "the sandbox daemon was restarted"
    assert runtime.output(lost.name) is None
    assert set(runtime.list_pods()) == {kept.name, lost.name}
    runtime.delete(lost.name)
    assert runtime.list_pods() == [kept.name]


def test_a_new_daemon_removes_the_killed_one_s_cgroups(own_sandbox: SandboxDaemon) -> None:
    sandbox = own_sandbox
    groups = cgroups(kit.name_of(sandbox.folder / "data"))
    if not groups:
        pytest.skip("cgroups are not available here")
    sandbox.kill()
    stale = [groups[0] / "bay-7", groups[0] / "slot-7"]  # the latter as release 0.1 named them
    for group in stale:
        group.mkdir()

    sandbox.start()

    assert not any(group.exists() for group in stale)
    assert sandbox.stop() == 0
    assert not any(group.exists() for group in groups)


def test_stopped_it_leaves_nothing_behind(own_sandbox: SandboxDaemon) -> None:
    sandbox = own_sandbox
    running(sandbox)
    processes = sandbox.processes()

    assert sandbox.stop() == 0

    assert gone(processes)()
    name = kit.name_of(sandbox.folder / "data")
    assert not sandbox.socket.exists()
    assert not Path("/run", name).exists()
    assert cgroups(name) == []


def test_a_watch_ends_with_an_error_when_it_dies_and_calls_continue_after_a_restart(
    own_sandbox: SandboxDaemon,
) -> None:
    own_sandbox.runtime.ping()
    changes = own_sandbox.runtime.watch(lambda: False)
    own_sandbox.kill()
    with pytest.raises(RuntimeUnavailable):
        next(changes)
    with pytest.raises(RuntimeUnavailable):
        own_sandbox.runtime.ping()

    own_sandbox.start()

    own_sandbox.runtime.ping()


def test_pods_beyond_its_bays_wait_for_one(own_sandbox: SandboxDaemon) -> None:
    busy = [running(own_sandbox) for _ in range(own_sandbox.bays)]
    waiting = a_pod(language(own_sandbox.runtime, "bash"), "echo hello")
    own_sandbox.runtime.create(waiting)
    observation = own_sandbox.runtime.observe(waiting.name)
    assert observation
    assert observation.phase is Phase.WAITING
    changes = own_sandbox.runtime.watch(lambda: False)

    own_sandbox.runtime.delete(busy[0].name)

    # It begins and ends. That another one has begun may be reported only now.
    of_waiting = (name for name in changes if name == waiting.name)
    assert [next(of_waiting), next(of_waiting)] == [waiting.name, waiting.name]
    output = own_sandbox.runtime.output(waiting.name)
    assert output
    assert output.run
    assert output.run.stdout == b"hello\n"


def test_a_waiting_pod_is_deleted_at_once(own_sandbox: SandboxDaemon) -> None:
    for _ in range(own_sandbox.bays):
        running(own_sandbox)
    waiting = a_pod(language(own_sandbox.runtime, "bash"), "echo hello")
    own_sandbox.runtime.create(waiting)

    own_sandbox.runtime.delete(waiting.name)

    assert waiting.name not in own_sandbox.runtime.list_pods()


def test_deleting_leaves_no_process(own_sandbox: SandboxDaemon) -> None:
    pod = running(own_sandbox)
    processes = own_sandbox.jailed()

    own_sandbox.runtime.delete(pod.name)

    assert gone(processes)()
    assert list((own_sandbox.folder / "data" / "pods").iterdir()) == []


def test_deleting_at_any_moment_leaves_no_process(own_sandbox: SandboxDaemon) -> None:
    """The moment is drawn at random, over and over: jails take some 10 ms to be set up."""
    random = Random(3)
    bash = language(own_sandbox.runtime, "bash")
    for _ in range(40):
        pod = a_pod(bash, RUNS_ON)
        own_sandbox.runtime.create(pod)
        delete_at = monotonic() + random.uniform(0, 0.03)
        processes = own_sandbox.jailed()
        while monotonic() < delete_at:
            processes = own_sandbox.jailed()

        own_sandbox.runtime.delete(pod.name)

        assert gone(processes)()
        assert own_sandbox.jailed() == []


@pytest.mark.parametrize(
    ("name", "source"), [("bash", "echo hello"), ("c", 'int puts();main(){puts("hello");}')]
)
def test_jails_see_their_programs_after_the_data_folder_was_closed(
    own_sandbox: SandboxDaemon, name: str, source: str
) -> None:
    """By the API or a worker, which may start later. Jails that are ready see what they saw."""
    make_data_folder(own_sandbox.folder, {path.name for path in own_sandbox.folder.iterdir()})

    for _ in range(2 * own_sandbox.bays):
        _, output = own_sandbox.run(name, source)
        assert output.run
        assert output.run.stdout == b"hello\n"


def test_two_on_one_data_folder_are_refused(own_sandbox: SandboxDaemon) -> None:
    second = subprocess.run(own_sandbox.command, capture_output=True, text=True, timeout=30)

    assert second.returncode == 1
    assert "the sandbox can't start: another daemon is using" in second.stderr
    own_sandbox.runtime.ping()


def test_its_socket_is_for_its_user_alone(sandbox: SandboxDaemon) -> None:
    assert stat.S_IMODE(sandbox.socket.stat().st_mode) == 0o600


@contextmanager
def connected(sandbox: SandboxDaemon) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(sandbox.socket))
        yield connection


def hung_up(connection: socket.socket) -> bool:
    try:
        return framing.receive(connection) is None
    except ConnectionResetError:
        return True  # a part of what was sent was never read


def asked(sandbox: SandboxDaemon, request: object, body: bytes = b"") -> Any:
    with connected(sandbox) as connection:
        head = json.dumps(request).encode()
        connection.sendall(struct.pack("<II", len(head), len(body)) + head + body)
        answer = framing.receive(connection)
        assert answer
        return answer[0]


def a_request(**facts: object) -> dict[str, object]:
    limits = {name: getattr(DEFAULT_LIMITS, name) for name in DEFAULT_LIMITS.__slots__}
    pod: dict[str, object] = {
        "name": "a-1",
        "language": "bash",
        "language_version": "0",
        "files": [],
        "entrypoint": "main.sh",
        "stdin": 0,
        "args": [],
        "env": {},
        "limits": limits,
        "compile_limits": limits,
    }
    return {"op": "create", "pod": pod | facts}


def test_a_whole_request_for_an_unknown_version_is_refused(sandbox: SandboxDaemon) -> None:
    assert asked(sandbox, a_request())["error"] == "refused"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ([], "the header is not a JSON object"),
        ({}, "op: must be one of create"),
        ({"op": "explode"}, "op: must be one of create"),
        ({"op": "create"}, "pod: must be an object"),
        ({"op": "observe", "name": "../../etc/passwd"}, "name: must be a DNS label"),
        ({"op": "follow", "name": "a-1", "after": -1}, "after: must be a whole number"),
        (a_request(name="../x"), "name: must be a DNS label"),
        (a_request(files=[["../x", 0]]), "files: must not lead out"),
        (a_request(files=[["/etc/x", 0]]), "files: must be a plain relative path"),
        (a_request(files=[["x", 1]]), "the body is shorter"),
        (a_request(entrypoint="a\0b"), "entrypoint: must be text without NUL"),
        (a_request(args=["\ud800"]), "args: UTF-8 can't encode it"),
        (a_request(env={"A=B": "c"}), "env: a name must be"),
        (a_request(stdin=None), "a length must be a whole number"),
        (a_request(limits={}), "limits: every limit must be given"),
    ],
)
def test_the_answer_to_a_bad_request_says_what_is_wrong(
    sandbox: SandboxDaemon, request_: object, message: str
) -> None:
    answer = asked(sandbox, request_)

    assert answer["error"] == "bad_request"
    assert message in answer["message"]


def test_limits_that_are_no_limits_are_refused(sandbox: SandboxDaemon) -> None:
    good = {name: getattr(DEFAULT_LIMITS, name) for name in DEFAULT_LIMITS.__slots__}
    for bad in (0, -1, True, None, "5", 1e99, float("inf"), float("nan")):
        answer = asked(sandbox, a_request(limits=good | {"memory_mib": bad}))
        assert "limits.memory_mib: must be a number" in answer["message"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (struct.pack("<II", 2**31, 0), "a header of 2147483648 bytes"),
        (struct.pack("<II", 2, 2**31) + b"{}", "a body of 2147483648 bytes"),
        (struct.pack("<II", 4, 0) + b"\xff\xfe\x00\x01", "the header is not JSON"),
        (struct.pack("<II", 10**5, 0) + b"[" * 10**5, "the header is not JSON"),
        (b"GET / HTTP/1.1\r\n\r\n", "a header of"),
    ],
)
def test_garbage_is_refused_and_hung_up_on(
    sandbox: SandboxDaemon, raw: bytes, message: str
) -> None:
    with connected(sandbox) as connection:
        connection.sendall(raw)
        answer = framing.receive(connection)
        assert answer
        assert message in answer[0]["message"]
        assert hung_up(connection)
    sandbox.runtime.ping()


def test_one_that_breaks_off_in_a_request_does_no_harm(sandbox: SandboxDaemon) -> None:
    with connected(sandbox) as connection:
        connection.sendall(struct.pack("<II", 100, 0) + b"{")
    sandbox.runtime.ping()


def test_programs_are_as_nice_as_the_daemon_and_the_keyboard_stops_it_cleanly(
    tmp_path: Path,
) -> None:
    sandbox = SandboxDaemon(tmp_path, bays=1, wrapper=("nice", "-n", "7"))
    sandbox.start()

    _, output = sandbox.run("bash", "nice")

    os.kill(sandbox.pid, signal.SIGINT)
    assert sandbox.stop() == 0
    assert output.run
    assert output.run.stdout == b"%d\n" % (os.nice(0) + 7)
