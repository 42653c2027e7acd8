"""The kernel ends a pod's init after a stage, for the memory that its program left in files."""

from collections.abc import Sequence
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import psutil
import pytest

from app.domain.report import Limit
from sandbox.init.protocol import PROGRAM
from tests.pod.local_pod import Ended, LocalPod, signal_container
from tests.pod.test_ends import stages_that_start
from tests.pod.test_runs import a_pod_of, start
from tests.support.sandbox_daemon import a_run
from tests.support.waiting import wait_until

WAITS = "echo begun; sleep 600; "


def inside(pod: LocalPod) -> list[psutil.Process]:
    """Init, and then the processes of the program."""
    (init,) = psutil.Process(pod.main.pid).children()
    return [init, *init.children(recursive=True)]


def ended_without_init_after_the_first_stage(pod: LocalPod) -> Ended:
    """Stop the collector, let the stage end, kill init, and let the collector notice both."""
    wait_until(lambda: b"YmVndW4K" in pod.log)
    (collector,) = psutil.Process(pod.collector.pid).children()
    collector.send_signal(SIGSTOP)
    wait_until(lambda: any(each.name() == "sleep" for each in inside(pod)))
    (sleep,) = (each for each in inside(pod) if each.name() == "sleep")
    sleep.kill()
    wait_until(lambda: len(inside(pod)) == 1)
    signal_container(pod.main)
    pod.main.wait(60)
    collector.send_signal(SIGCONT)
    return pod.wait()


def test_a_compiler_whose_program_could_not_be_sent(folder: Path) -> None:
    compiler = ["/bin/sh", "-c", f"{WAITS} echo '#!/bin/sh' > {PROGRAM}; chmod +x {PROGRAM}"]
    pod = LocalPod.start(folder, stages_that_start(compiler, [PROGRAM]))

    ended = ended_without_init_after_the_first_stage(pod)

    assert (ended.exit_code, ended.end.fault) == (0, None)
    assert ended.end.vanished
    assert ended.report.compile
    assert ended.report.compile.stopped_by is Limit.MEMORY
    assert (ended.report.run, ended.end.left) == (None, 0)


@pytest.mark.parametrize("ended_before", [(), ("1", "1000")], ids=["first pod", "follow-up pod"])
def test_a_run_that_had_not_begun_is_left_to_another_pod(
    folder: Path, ended_before: Sequence[str]
) -> None:
    """It is not to blame: init had not even emptied the box for it."""
    runs = [a_run()] * 4
    pod = start(folder, a_pod_of(f"{WAITS} true", runs), *ended_before)

    ended = ended_without_init_after_the_first_stage(pod)

    assert ended.exit_code == 0
    assert not ended.end.vanished
    first = len(ended_before) // 2
    assert (ended.end.runs, ended.end.left) == (first + 1, 3 - first)
    assert [run and run.exit_code for run in ended.report.runs] == [None] * first + [0]


def test_a_first_run_that_could_not_begin_is_not_tried_again_and_again(folder: Path) -> None:
    """Whether it had begun or not."""
    pod = start(folder, a_pod_of("sleep 600", [a_run()] * 2))
    wait_until(lambda: pod.met)

    signal_container(pod.main)

    ended = pod.wait()
    assert ended.end.vanished
    assert (ended.end.runs, ended.end.left) == (1, 1)
