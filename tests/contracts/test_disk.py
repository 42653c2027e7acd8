"""What is stored is counted as du(1) counts it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.errors import StoreUnavailable
from app.infrastructure.folder.disk import FolderDisk
from app.infrastructure.memory.disk import MemoryDisk
from app.ports import Disk
from app.settings import Settings
from app.wiring.disk import make_disk
from tests.support.disks import disk

KIB = 1024


@pytest.fixture(params=["memory", "folder"])
def some_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return MemoryDisk() if request.param == "memory" else FolderDisk(tmp_path, {})


def test_its_room(some_disk: Disk) -> None:
    (room,) = some_disk.rooms()
    assert 0 <= room.free <= room.total


def test_each_part_takes_something_or_nothing(some_disk: Disk) -> None:
    assert all(size >= 0 for size in some_disk.parts().values())


def du(*paths: Path) -> int:
    """Bytes on the disk."""
    options = ["--summarize", "--total", "--block-size=1"]
    lines = subprocess.run(
        ["du", *options, *paths], check=True, capture_output=True, text=True
    ).stdout
    return int(lines.splitlines()[-1].split()[0])


def write(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with something of each part."""
    data = tmp_path / "data"
    write(data / "podline.db", 40 * KIB)
    write(data / "podline.db-wal", 8 * KIB)
    write(data / "events.db", 12 * KIB)
    write(data / "blobs" / "01J" / "0123", 100 * KIB)
    write(data / "logs" / "api.log", 5)
    program = write(data / "sandbox" / "programs" / "builds" / "received" / "1", 60 * KIB)
    (program.parent.parent / "shown").mkdir()
    (program.parent.parent / "shown" / "program").hardlink_to(program)
    write(data / "sandbox" / "packages" / "builds" / "numpy", 20 * KIB)
    write(data / "key", 40)
    sparse = data / "metrics" / "counter.db"
    write(sparse, 0)
    os.truncate(sparse, 1024 * KIB)
    (data / "run").symlink_to("/usr")
    return data


def test_the_sum_is_that_of_du(data: Path) -> None:
    parts = make_disk(Settings(data_dir=data)).parts()
    assert sum(parts.values()) == du(data)


def test_each_part_is_that_of_du(data: Path) -> None:
    parts = make_disk(Settings(data_dir=data)).parts()
    assert {name: size for name, size in parts.items() if size and name != "other"} == {
        "database": du(data / "podline.db"),
        "database's write-ahead log": du(data / "podline.db-wal"),
        "event log": du(data / "events.db"),
        "blobs": du(data / "blobs"),
        "logs": du(data / "logs"),
        "compiled programs": du(data / "sandbox" / "programs"),
        "packages": du(data / "sandbox" / "packages"),
        "counters": du(data / "metrics"),
    }


def test_databases_elsewhere_count_too(data: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "rows.db", 24 * KIB)
    write(elsewhere.with_name("not-ours"), 24 * KIB)
    parts = make_disk(Settings(data_dir=data, database_url=f"sqlite:///{elsewhere}")).parts()
    assert parts["database"] == du(elsewhere)
    assert sum(parts.values()) == du(data, elsewhere)


def test_their_disks_are_watched(data: Path, tmp_path: Path) -> None:
    with disk("tmpfs", tmp_path, 1) as place:
        found = make_disk(Settings(data_dir=data, event_log_url=f"sqlite:///{place}/events.db"))
        before = min(room.free for room in found.rooms())
        write(place / "events.db", 200 * KIB)
        assert [room.total for room in found.rooms()].count(1024 * KIB) == 1
        assert before - min(room.free for room in found.rooms()) == 200 * KIB


def test_without_a_data_folder_there_is_nothing(tmp_path: Path) -> None:
    found = make_disk(
        Settings(
            data_dir=tmp_path / "none",
            database_url="mongodb://localhost/podline",
            event_log_url="kafka://localhost:9092/events",
        )
    )
    assert found.rooms() == []
    assert sum(found.parts().values()) == 0


def test_a_file_that_vanishes_counts_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: [*listed(path), "gone"])
    assert sum(make_disk(Settings(data_dir=data)).parts().values()) == du(data)


def test_what_cannot_be_read_is_reported(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    calls: list[tuple[str, Callable[[], object]]] = [
        ("statvfs", make_disk(Settings(data_dir=data)).rooms),
        ("listdir", make_disk(Settings(data_dir=data)).parts),
    ]
    for name, call in calls:
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(StoreUnavailable, match="denied"):
                call()
