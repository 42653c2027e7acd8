"""The secrets of Compose are in a folder that only its owner can enter, and not behind a link."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.private import mode
from tests.private.conftest import AsOther

SCRIPT = Path(__file__).parents[2] / "compose/make-secrets"


def make_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, folder], capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("umask")
def test_the_folder_is_closed_and_containers_read_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "secrets"
    assert make_secrets(folder).returncode == 0
    assert mode(folder) == 0o700
    assert {mode(file) for file in folder.iterdir()} == {0o444}


def test_what_was_left_open_is_closed_and_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "admin_key").write_text("pdl_kept")
    (tmp_path / "admin_key").chmod(0o666)
    assert make_secrets(tmp_path).returncode == 0
    assert (tmp_path / "admin_key").read_text() == "pdl_kept"
    assert (mode(tmp_path), mode(tmp_path / "admin_key")) == (0o700, 0o444)


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "admin_key").symlink_to(tmp_path / "victim")
    refused = make_secrets(tmp_path)
    assert refused.returncode == 1
    assert "admin_key is a link" in refused.stderr
    assert not (tmp_path / "victim").exists()


def test_a_file_of_another_user_is_refused(tmp_path: Path, as_other: AsOther) -> None:
    as_other(lambda: None)
    (tmp_path / "admin_key").touch()
    os.chown(tmp_path / "admin_key", 65534, 65534)
    assert "belongs to another user" in make_secrets(tmp_path).stderr
