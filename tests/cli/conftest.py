"""The command line in this process, against a service over real HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.support.service import Service

Podline = Callable[..., Result]


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with nothing set in the environment."""
    for name in ("PODLINE_URL", "PODLINE_KEY", "PODLINE_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def podline(service: Service, folder: Path) -> Podline:
    """Run `podline ...` as if `podline up` were running here."""
    data_dir = folder / ".podline"
    data_dir.mkdir()
    (data_dir / "url").write_text(f"{service.url}\n")
    (data_dir / "key").write_text(f"{service.key}\n")
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])
