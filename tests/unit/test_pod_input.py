"""How much input a pod has, by which a runtime can refuse it."""

from dataclasses import replace

from app.domain.pod import Pod
from app.domain.submission import File
from tests.support.builders import a_submission
from tests.support.sandbox_daemon import a_run

FILES = (File("a", b"12345"), File("bc", b"678"))


def a_pod(*files_of_runs: tuple[File, ...]) -> Pod:
    submission = a_submission(files=FILES, entrypoint="a", stdin=b"")
    runs = tuple(a_run(files=files) for files in files_of_runs)
    return replace(Pod.of("pod-1", submission), runs=runs)


def test_files_count_once_however_often_the_program_runs() -> None:
    assert a_pod(()).input_bytes == a_pod((), (), ()).input_bytes == 11


def test_everything_that_a_run_is_given_counts() -> None:
    run = a_run(stdin=b"123", args=("ab", ""), env={"X": "yz"}, files=(File("d", b"4"),))

    assert run.input_bytes == 3 + (3 + 1) + (2 + 3) + 2


def test_stdin_that_several_runs_have_counts_once() -> None:
    runs = tuple(a_run(stdin=text) for text in (b"ab", b"c", b"ab", b"c", b"", b"", b"ab"))
    assert replace(a_pod(), runs=runs).input_bytes == 11 + 3


def test_a_run_that_replaces_a_file_has_its_own_copy_of_all() -> None:
    assert a_pod((), (File("a", b"!"),)).input_bytes == 11 + 11 + 2
    assert a_pod((), (File("x", b"!"),)).input_bytes == 11 + 2
