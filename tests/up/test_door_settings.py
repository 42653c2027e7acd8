"""Settings of doors: which are open, to whom, and where."""

from contextlib import closing
from pathlib import Path

import pytest

from app.api.doors.every import DOORS
from app.cli.up.errors import UpError
from app.cli.up.instance import HOST, find_instance
from app.cli.up.ports import Ports
from app.door_names import DoorName
from app.settings import Settings, SettingsError
from app.wiring.doors import door_options

ALL = [str(door) for door in DoorName]


def given(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv(f"PODLINE_{name.upper()}", value)
    return Settings.load()


def test_every_door_has_its_name() -> None:
    assert sorted(door.name for door in DOORS) == sorted(ALL)


def test_all_are_open_by_default_and_need_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch)
    options = door_options(settings)
    assert options.open == set(ALL)
    assert (options.keyless, options.nobody) == (frozenset(), None)
    assert settings.door_ports() == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [("none", []), ("all", ALL), ("piston", ["piston"]), (" piston ,", ["piston"])],
)
def test_a_list_of_doors(monkeypatch: pytest.MonkeyPatch, text: str, names: list[str]) -> None:
    settings = given(monkeypatch, doors=text, keyless__doors=text)
    assert (settings.open_doors(), settings.keyless_doors()) == (names, names)


def test_all_without_a_key_are_all_that_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, doors="piston,judge0", keyless__doors="all")
    assert door_options(settings).keyless == {"piston", "judge0"}
    settings = given(monkeypatch, doors="none", keyless__doors="all")
    assert (door_options(settings).keyless, door_options(settings).nobody) == (frozenset(), None)


@pytest.mark.parametrize(
    ("doors", "keyless", "closed"),
    [("piston", "judge0", "judge0"), ("none", "piston,judge0", "judge0, piston")],
)
def test_a_closed_door_that_is_to_serve_without_a_key_is_refused(
    monkeypatch: pytest.MonkeyPatch, doors: str, keyless: str, closed: str
) -> None:
    said = f"keyless: these doors are closed: {closed}. Open them in PODLINE_DOORS, or remove"
    with pytest.raises(SettingsError, match=said):
        given(monkeypatch, doors=doors, keyless__doors=keyless)


def test_up_announces_only_what_is_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = {"port": "0", "flower_port": "0", "data_dir": str(tmp_path)}
    settings = given(monkeypatch, doors="piston", keyless__doors="all", **chosen)
    with closing(Ports(HOST)) as ports:
        assert find_instance(settings, ports, mcp=False).keyless == ["piston"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("doors", "cellar", "must be all, none, or one or more of"),
        ("doors", "all,piston", "must be all, none, or one or more of"),
        ("keyless__doors", "cellar", "must be all, none, or one or more of"),
        ("keyless__owner", "a b", "as the name of a key"),
        ("keyless__requests", "fast", "must be a number of requests"),
        ("piston_port", "70000", "must be less than"),
    ],
)
def test_what_is_wrong_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        given(monkeypatch, **{name: value})


def test_requests_without_a_key_have_an_owner_with_its_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"owner": "trainer", "requests": "9/s", "cpu_day": "60", "max_unfinished": "3"}
    named = {f"keyless__{name}": value for name, value in limits.items()}
    settings = given(monkeypatch, keyless__doors="piston", **named)
    nobody = door_options(settings).nobody
    assert nobody is not None
    assert (nobody.name, nobody.secret_hash, nobody.door) == ("trainer", "", None)
    assert (nobody.requests, nobody.cpu_day, nobody.max_unfinished) == ("9/s", 60, 3)


def test_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, piston_port="2000").door_ports() == {"piston": 2000}


def test_a_port_of_a_closed_door_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = given(monkeypatch, doors="judge0", piston_port="0", port="0", flower_port="0")
    said = "piston is not open: add it to PODLINE_DOORS, or unset PODLINE_PISTON_PORT"
    with closing(Ports(HOST)) as ports, pytest.raises(UpError, match=said):
        find_instance(settings, ports, mcp=False)
