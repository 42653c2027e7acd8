"""A folder gets the contents that are asked for, and keeps those that it has."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.jail.tree import Entry, Tree, make_tree, tree_of
from sandbox.private import NotPrivate

TREE: Tree = {
    "file": b"content",
    "link": Path("file"),
    "empty": {},
    "folder": {"file": b"", "link": Path("../none"), "inner": {"file": b"x"}},
}
OTHERS: Tree = {
    "another file": {"file": b"changed"},
    "a file of the same size": {"file": b"CONTENT"},
    "a file for a link": {"link": b"file"},
    "a link for a file": {"file": Path("content"), "folder": {"file": Path("file")}},
    "a folder for a file": {"file": {"more": b"", "inner": {"link": Path("/")}}},
    "a file for a folder": {"folder": b"", "empty": b""},
    "a link for a folder": {"folder": Path("empty"), "empty": Path("/")},
    "another link": {"link": Path("another")},
    "more": {"more": b"", "empty": {"more": {}}, "folder": {"inner": {"more": Path("x")}}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made"


def below(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")


def unchanged_parts(folder: Path) -> dict[Path, tuple[int, int]]:
    """What a change replaces has another inode, or was written later."""
    found = {path: path.lstat() for path in below(folder)}
    return {path: (status.st_ino, status.st_mtime_ns) for path, status in found.items()}


def test_it_is_made_and_every_user_can_read_it(folder: Path) -> None:
    make_tree(folder, TREE)

    assert tree_of(folder) == TREE
    modes = {stat.S_IMODE(path.stat().st_mode) for path in below(folder) if path.exists()}
    assert modes == {0o755, 0o444}


def test_nothing_is_written_again(folder: Path) -> None:
    make_tree(folder, TREE)
    before = unchanged_parts(folder)

    make_tree(folder, TREE)

    assert unchanged_parts(folder) == before


@pytest.mark.parametrize("left", OTHERS.values(), ids=OTHERS)
def test_what_differs_is_replaced(folder: Path, left: Entry) -> None:
    assert isinstance(left, dict)
    make_tree(folder, TREE | left)

    make_tree(folder, TREE)

    assert tree_of(folder) == TREE


_NAMES = st.sampled_from(["a", "b", "c"])
_LEAVES = st.binary(max_size=2) | st.sampled_from([Path("a"), Path("/"), Path("..")])
_TREES = st.dictionaries(_NAMES, st.recursive(_LEAVES, lambda x: st.dictionaries(_NAMES, x)))


@given(before=_TREES, wanted=_TREES)
def test_any_tree_becomes_any_other(before: Tree, wanted: Tree) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_tree(folder, before)
        make_tree(folder, wanted)

        assert tree_of(folder) == wanted


def test_a_link_never_leads_to_what_is_removed_or_written(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"kept")
    make_tree(folder, {"file": outside / "file", "folder": outside, "more": outside})

    make_tree(folder, TREE)

    assert tree_of(folder) == TREE
    assert tree_of(outside) == {"file": b"kept"}


def test_modes_are_repaired_without_writing(folder: Path) -> None:
    """A daemon closes its data folder with all that is in it first."""
    make_tree(folder, TREE)
    before = unchanged_parts(folder)
    for path in [path for path in below(folder) if not path.is_symlink()]:
        path.chmod(0o700 if path.is_dir() else 0o600)

    make_tree(folder, TREE)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in below(folder) if path.exists()}
    assert modes == {0o755, 0o444}
    assert unchanged_parts(folder) == before


@pytest.mark.parametrize("mode", [0o464, 0o446])
def test_a_file_that_others_can_write_to_is_made_anew(folder: Path, mode: int) -> None:
    """One of them may have it open, and change it later."""
    make_tree(folder, TREE)
    (folder / "file").chmod(mode)
    with (folder / "file").open("r+b") as of_others:
        make_tree(folder, TREE)
        of_others.write(b"CHANGED")

    assert tree_of(folder) == TREE


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_folder_that_others_can_write_to_is_emptied(folder: Path, mode: int) -> None:
    make_tree(folder, TREE)
    (folder / "folder").chmod(mode)
    with (folder / "folder" / "file").open("r+b") as before:
        make_tree(folder, TREE)

        assert not os.path.samestat(os.fstat(before.fileno()), (folder / "folder/file").stat())
    assert tree_of(folder) == TREE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_replaced_and_a_folder_is_refused(folder: Path) -> None:
    make_tree(folder, TREE)
    os.chown(folder / "file", 12345, 12345)
    make_tree(folder, TREE)
    assert (folder / "file").stat().st_uid == 0

    os.chown(folder / "folder", 12345, 12345)
    with pytest.raises(NotPrivate, match="belongs to another user"):
        make_tree(folder, TREE)


def test_what_a_crash_left_half_written_is_completed(folder: Path) -> None:
    make_tree(folder, TREE)
    (folder / "file").chmod(0o600)
    (folder / "file").write_bytes(b"con")

    make_tree(folder, TREE)

    assert tree_of(folder) == TREE
