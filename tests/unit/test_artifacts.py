"""Files that a program created are stored with its result."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.artifact import SLICE_BYTES, Artifact, LeftOut
from app.domain.blob import Blob
from app.domain.errors import StoreFull
from app.domain.execution import Execution, Outcome, State
from app.domain.pod import Pod
from app.infrastructure.folder.blobs import FolderBlobs
from app.infrastructure.memory.runtime import Script
from app.ports import Blobs
from app.service.results import persist
from tests.support.builders import a_submission
from tests.support.disks import disk, kept_full
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

FILES = {"b.txt": b"second", "a/large.bin": bytes(2 * SLICE_BYTES + 1), "empty": b""}
TOO_LARGE = LeftOut("c.iso", "it has 9000000 bytes")


@pytest.fixture
def twins() -> Twins:
    twins = make_twins()
    twins.runtime.script = lambda _: Script(creates=FILES, leaves_out=(TOO_LARGE,))
    return twins


def ran(twins: Twins, **facts: Any) -> Execution:
    execution = twins.submit(**facts)
    Worker(twins.ports).run_all()
    return twins.now(execution)


def contents(twins: Twins, execution: Execution, blobs: Blobs | None = None) -> dict[str, bytes]:
    result = twins.store.results.get(execution.result_id or "")
    assert result is not None
    return {
        artifact.name: b"".join((blobs or twins.blobs).read(execution.id, artifact.blob) or ())
        for artifact in result.artifacts
    }


def test_stored_in_the_order_of_names(twins: Twins) -> None:
    execution = ran(twins, artifacts=("*",))
    assert execution.state is State.COMPLETED
    found = contents(twins, execution)
    assert found == FILES
    assert list(found) == sorted(FILES)
    result = twins.store.results.get(execution.pod)
    assert result is not None
    assert result.artifacts_left_out == (TOO_LARGE,)


def test_only_if_the_submission_asks_for_them(twins: Twins) -> None:
    assert contents(twins, ran(twins)) == {}


def finished(twins: Twins) -> Execution:
    execution = twins.submit(artifacts=("*",))
    worker = Worker(twins.ports)
    while twins.now(execution).state is not State.FINISHED:
        assert worker.run_one()
    return twins.now(execution)


def test_a_file_that_was_lost_is_a_fault_of_the_attempt(twins: Twins) -> None:
    execution = finished(twins)
    twins.runtime.script = lambda _: Script(creates=dict.fromkeys(FILES, b""))
    observation = twins.runtime.observe(execution.pod)
    twins.runtime.delete(execution.pod)
    twins.runtime.create(Pod.of(execution.pod, a_submission(artifacts=("*",))))
    assert observation is not None
    twins.runtime.report(
        execution.pod, ended_at=observation.ended_at, collected=observation.collected
    )
    persist(twins.ports, execution.id)
    again = twins.now(execution)
    assert (again.state, again.message) == (
        State.QUEUED,
        "a file of the program was lost before it was stored",
    )


def test_a_full_store_is_a_fault_of_the_service(twins: Twins, tmp_path: Path) -> None:
    execution = finished(twins)
    with disk("tmpfs", tmp_path, 3) as place:
        folder = FolderBlobs(place / "blobs")
        ports = replace(twins.ports, blobs=folder)
        with kept_full(place), pytest.raises(StoreFull):
            persist(ports, execution.id)
        assert twins.now(execution).state is State.FINISHED
        assert [path for path in place.rglob("*") if path.is_file()] == []
        persist(ports, execution.id)
        ended = twins.now(execution)
        assert (ended.state, ended.outcome, ended.attempt) == (State.COMPLETED, Outcome.SUCCESS, 1)
        assert contents(twins, ended, folder) == FILES


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.png", "image/png"),
        ("out/a.HTML", "text/html"),
        ("a.csv", "text/csv"),
        ("a.tar.gz", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("http://x/a.png", "image/png"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_suffix_says_the_media_type(name: str, media_type: str) -> None:
    assert Artifact(name, Blob("0" * 64, 0)).media_type == media_type
