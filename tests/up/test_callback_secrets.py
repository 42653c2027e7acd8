"""Where the service's secrets of callbacks come from: the one now, and the one that it replaces."""

from pathlib import Path

import pytest

from app.domain.callback_secret import CallbackSecrets
from app.settings import Settings
from app.wiring import make_ports, make_publisher
from tests.support.builders import NOW, a_key

NEW, OLD = ("a-secret-of-the-service-" + word for word in ("now", "before"))
KEY = a_key()


def signing() -> tuple[str, ...]:
    settings = Settings.load()
    return make_ports(settings, make_publisher(settings)).callback_secrets.signing(KEY, NOW)


def of(*roots: str) -> tuple[str, ...]:
    return tuple(CallbackSecrets(root).of(KEY.id, KEY.callback_generation) for root in roots)


def test_both_of_the_settings_sign(working_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODLINE_SECRETS_DIR", str(working_folder))
    (working_folder / "callback_secret").write_text(f"{NEW}\n")
    (working_folder / "callback_previous_secret").write_text(f"{OLD}\n")
    assert signing() == of(NEW, OLD)
    (working_folder / "callback_previous_secret").write_text("\n")
    assert signing() == of(NEW), "an empty file is none, as make-secrets writes it"


def test_both_of_the_data_folder_sign(working_folder: Path) -> None:
    data = working_folder / ".podline"
    data.mkdir(mode=0o700)
    (data / "callback-secret").write_text(f"{OLD}\n")
    assert signing() == of(OLD)
    (data / "callback-secret").rename(data / "callback-previous-secret")
    (data / "callback-secret").write_text(f"{NEW}\n")
    assert signing() == of(NEW, OLD)


def test_without_any_no_callback_is_signed(working_folder: Path) -> None:
    assert working_folder
    assert signing() == ()
