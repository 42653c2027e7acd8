"""The client saves files that a program created, and never outside the folder."""

from hashlib import sha256
from pathlib import Path

import pytest

from app.domain.artifact import LeftOut
from app.infrastructure.memory.runtime import Script
from podline import Artifact, Client, NotFound, ProtocolError
from podline.artifacts import path_in, save
from tests.support.service import Service

FILES = {"a.txt": b"1", "out/ä%?#.bin": b"\xff\0", "empty": b""}


def test_saved_with_their_folders(client: Client, service: Service, tmp_path: Path) -> None:
    left_out = LeftOut(None, "2 more files")
    service.twins.runtime.script = lambda _: Script(creates=FILES, leaves_out=(left_out,))
    execution = client.run("print(1)", language="python", artifacts=["*"])
    assert execution.result
    assert [each.name for each in execution.result.artifacts] == sorted(FILES)
    assert [each.size for each in execution.result.artifacts] == [1, 0, 2]
    assert [each.reason for each in execution.result.artifacts_left_out] == ["2 more files"]
    paths = client.save_artifacts(execution, tmp_path / "new")
    assert {str(path.relative_to(tmp_path / "new")): path.read_bytes() for path in paths} == FILES
    with pytest.raises(NotFound):
        client.artifact(execution.id, "other")


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/etc/passwd", "", ".", "a//b", "a/.", "a\0b", "..\\a", "out/a"]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(ProtocolError, match="would be saved outside"):
        path_in(folder, name)
    assert sorted(tmp_path.iterdir()) == [folder]


def test_no_link_is_written_through(tmp_path: Path) -> None:
    folder, other = tmp_path / "folder", tmp_path / "other"
    folder.mkdir()
    (folder / "a").symlink_to(other)
    with pytest.raises(ProtocolError):
        path_in(folder, "a")


def test_a_file_that_changed_on_its_way(tmp_path: Path) -> None:
    artifact = Artifact(
        name="a", size=1, sha256=sha256(b"1").hexdigest(), media_type="text/plain", url="/"
    )
    with pytest.raises(ProtocolError, match="did not arrive unchanged"):
        save(tmp_path, artifact, b"2")
    assert list(tmp_path.iterdir()) == []
    assert save(tmp_path, artifact, b"1").read_bytes() == b"1"
