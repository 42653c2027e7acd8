"""What `podline up` reports, to a person and to the log."""

import logging
import re
from pathlib import Path

import pytest

from app.cli.up import report
from app.cli.up.folder import KEY
from app.cli.up.instance import Instance
from app.domain.api_key import Role
from tests.support.ports import free_port
from tests.support.real_api import a_key, served
from tests.support.twins import make_twins


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page that was built, as far as the report looks."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").touch()
    monkeypatch.setattr(report, "BUILT", folder)
    return folder


def said(capsys: pytest.CaptureFixture[str], folder: Path, port: int, key: str) -> str:
    (folder / KEY).write_text(key)
    instance = Instance(folder, port, 5555, "podline", "secret", "it is in a file")
    report.UpReport(instance, terminal=True).ready([])
    return capsys.readouterr().out


def test_it_prints_a_link_and_not_the_key(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert built
    twins = make_twins()
    with served(twins) as url:
        key = a_key(twins, Role.ADMIN)
        shown = said(capsys, tmp_path, int(url.rpartition(":")[2]), key)
    assert re.search(rf"^Web page: {url}/sign-in#token=pds_\S+$", shown, re.MULTILINE)
    assert key not in shown


def test_without_an_answer_it_says_how_to_get_one(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert built
    assert "web page: podline console\n" in said(capsys, tmp_path, free_port(), "pdl_key")


def test_without_the_page_it_says_so(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (built / "index.html").unlink()
    shown = said(capsys, tmp_path, free_port(), "pdl_key")
    assert "The web page was not built" in shown
    assert "token" not in shown


def test_what_is_logged_signs_nobody_in(
    built: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert built
    (tmp_path / KEY).write_text("pdl_key")
    instance = Instance(
        tmp_path, 8000, 5555, "podline", "secret", "it is in a file", keyless=["piston"]
    )
    caplog.set_level(logging.INFO)
    log = report.UpReport(instance, terminal=False)
    log.starting()
    log.ready([])
    lines = [(each.levelname, each.getMessage()) for each in caplog.records]
    assert ("INFO", f"Ready at http://127.0.0.1:8000; the key is in {tmp_path / KEY}") in lines
    assert [text for level, text in lines if level == "WARNING" and ": piston. Unset" in text]
    assert not re.search("pds_|pdl_key|secret", str(lines))
    assert capsys.readouterr().out == ""
