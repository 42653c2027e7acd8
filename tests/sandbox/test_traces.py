"""What a daemon leaves outside its data folder is removed by it, or by its user's next daemon."""

import os
import subprocess
from pathlib import Path

import pytest

from sandbox.daemon.traces import Traces, records, traces_of
from sandbox.jail import kit
from tests.support.cgroups import cgroups
from tests.support.sandbox_daemon import SandboxDaemon

RECORDS = records(Path("/nonexistent"))


def on_host() -> set[Path]:
    """Everything that daemons have outside their data folders."""
    places = [*cgroups("podline-*"), *Path("/run").glob("podline-*")]
    return {*places, *(RECORDS.iterdir() if RECORDS.exists() else ())}


def of(sandbox: SandboxDaemon) -> set[Path]:
    name = kit.name_of(sandbox.folder / "data")
    return {path for path in on_host() if name in path.name}


def leave(traces: Traces, folder: Path) -> None:
    traces.folder(folder)
    folder.mkdir()
    (folder / "file").write_text("left")


def test_all_goes_with_the_daemon(tmp_path: Path) -> None:
    with traces_of("one", tmp_path / "records") as traces:
        leave(traces, tmp_path / "made")

    assert not (tmp_path / "made").exists()
    assert not list((tmp_path / "records").iterdir())


def fail_to_start(folder: Path) -> None:
    with traces_of("one", folder / "records") as traces:
        leave(traces, folder / "made")
        raise RuntimeError


def test_all_goes_also_if_it_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        fail_to_start(tmp_path)

    assert not (tmp_path / "made").exists()


def test_one_that_lives_is_left_alone(tmp_path: Path) -> None:
    with traces_of("one", tmp_path / "records") as traces:
        leave(traces, tmp_path / "made")
        with traces_of("two", tmp_path / "records"):
            assert (tmp_path / "made" / "file").exists()


def test_what_is_mounted_is_never_emptied(tmp_path: Path) -> None:
    place = tmp_path / "mounts"
    (place / "0" / "somebodys").mkdir(parents=True)

    with traces_of("one", tmp_path / "records") as traces:
        traces.mounts(place)
    assert (place / "0" / "somebodys").exists()

    (place / "0" / "somebodys").rmdir()
    with traces_of("two", tmp_path / "records"):
        assert not place.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_mount_that_is_in_use_goes_too(tmp_path: Path) -> None:
    place, tool_chain = tmp_path / "mounts", tmp_path / "toy"
    (place / "0").mkdir(parents=True)
    tool_chain.mkdir()
    (tool_chain / "toy").write_text("kept")
    subprocess.run(["mount", "--bind", tool_chain, place / "0"], check=True)

    with traces_of("one", tmp_path / "records") as traces:
        traces.mounts(place)
        in_use = (place / "0" / "toy").open()
    with in_use:
        assert not place.exists()
        assert in_use.read() == "kept"
    assert (tool_chain / "toy").exists()


def test_a_folder_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir(mode=0o777)
    (tmp_path / "records").chmod(0o777)

    (tmp_path / "kept").mkdir()
    (tmp_path / "records" / "theirs").write_text(f"folder {tmp_path / 'kept'}\n")

    with pytest.raises(PermissionError, match="rm -r"), traces_of("one", tmp_path / "records"):
        pass
    assert (tmp_path / "kept").exists()


def test_a_killed_daemon_is_cleaned_up_by_one_with_another_data_folder(tmp_path: Path) -> None:
    killed = SandboxDaemon(tmp_path / "a", bays=1)
    killed.folder.mkdir()
    killed.start()
    assert of(killed)
    killed.kill()
    assert of(killed)

    other = SandboxDaemon(tmp_path / "b", bays=1)
    other.folder.mkdir()
    other.start()
    assert not of(killed)

    other.stop()
    assert not of(other)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has groups everywhere")
def test_what_runs_on_in_a_group_is_killed_with_it(tmp_path: Path) -> None:
    killed = SandboxDaemon(tmp_path / "a", bays=1)
    killed.folder.mkdir()
    killed.start()
    groups = [path for path in of(killed) if (path / "bay-0" / "tasks").exists()]
    if not groups:
        pytest.skip("there are no groups of version 1")
    with subprocess.Popen(["sleep", "60"]) as straggler:
        killed.kill()
        for group in groups:
            (group / "bay-0" / "tasks").write_text(str(straggler.pid))

        with traces_of("another", RECORDS):
            assert straggler.wait(60) == -9
    assert not of(killed)
