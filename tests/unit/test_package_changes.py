"""Which packages a change leaves, with an installer that takes whatever it is asked for."""

import fcntl
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sandbox.environments import BadEnvironments, Busy, Store
from sandbox.packages.change import add, remove
from sandbox.packages.errors import PackagesError
from sandbox.packages.installer import Before, Built, Requirement


@dataclass
class Taking:
    """An installer without a network."""

    name: str = "toy-1"
    shown: str = "site"
    executable: str = ""
    fails: bool = False
    asked: list[tuple[list[str], list[str]]] = field(default_factory=list)
    """Of each build: the requirements, and the packages that may get other versions."""

    def parsed(self, text: str) -> Requirement:
        return Requirement(text.partition("=")[0], text)

    def parsed_file(self, path: Path) -> list[Requirement]:
        return [self.parsed(line) for line in path.read_text().splitlines()]

    def is_lock(self, path: Path) -> bool:
        return path.suffix == ".lock"

    def target(self) -> str:
        return "/packages"

    def build(
        self, folder: Path, requirements: Sequence[Requirement], before: Before | None
    ) -> Built:
        (folder / "begun").touch()
        if self.fails:
            raise PackagesError("it failed")
        texts = [each.text for each in requirements]
        self.asked.append((texts, sorted(before.renewed) if before else []))
        return Built({each.name: "1" for each in requirements}, "\n".join(texts))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "packages")


def asked_for(*texts: str) -> list[Requirement]:
    return [Taking().parsed(text) for text in texts]


def requested(store: Store) -> dict[str, Mapping[str, str]]:
    return {name: each.requested for name, each in store.installed().items()}


def builds(store: Store) -> list[str]:
    return sorted(path.name for path in store.builds.iterdir())


def test_what_was_there_stays_unless_it_is_named(store: Store) -> None:
    toy = Taking()

    add(store, [toy], asked_for("a=1", "b"))
    add(store, [toy], asked_for("a=2", "c"))
    remove(store, [toy], ["b"])

    assert toy.asked == [
        (["a=1", "b"], []),
        (["a=2", "b", "c"], ["a", "c"]),
        (["a=2", "c"], []),
    ]
    assert requested(store) == {"toy-1": {"a": "a=2", "c": "c"}}


def test_a_dependency_of_a_lock_file_is_installed_and_not_asked_for(store: Store) -> None:
    toy = Taking()
    add(store, [toy], asked_for("a"))
    lock = [
        *asked_for("b=1"),
        *(replace(each, is_dependency=True) for each in asked_for("a=1", "c=1")),
    ]

    add(store, [toy], lock)

    assert toy.asked[-1][0] == ["a=1", "b=1", "c=1"]
    assert requested(store) == {"toy-1": {"a": "a=1", "b": "b=1"}}


def test_each_change_has_files_of_its_own(store: Store) -> None:
    add(store, [Taking()], asked_for("a"))
    first = store.installed()["toy-1"]
    add(store, [Taking()], asked_for("b"))
    second = store.installed()["toy-1"]

    assert first.build != second.build
    assert first.fingerprint != second.fingerprint
    assert builds(store) == [second.build]


def test_all_versions_change_or_none(store: Store) -> None:
    add(store, [Taking("toy-1"), Taking("toy-2")], asked_for("a"))
    before = store.installed()

    with pytest.raises(PackagesError, match="it failed"):
        add(store, [Taking("toy-1"), Taking("toy-2", fails=True)], asked_for("b"))

    assert store.installed() == before
    assert builds(store) == sorted(each.build for each in before.values())


def test_the_last_package_takes_the_environment_with_it(store: Store) -> None:
    add(store, [Taking()], asked_for("a"))

    remove(store, [Taking()], ["a"])

    assert (store.installed(), builds(store)) == ({}, [])


@pytest.mark.parametrize(("there", "told"), [(["b"], "those that were added are b"), ([], "none")])
def test_what_was_not_added_cannot_be_removed(store: Store, there: list[str], told: str) -> None:
    if there:
        add(store, [Taking()], asked_for(*there))

    with pytest.raises(PackagesError, match=f"a was not added: {told}"):
        remove(store, [Taking()], ["a"])


def test_one_change_at_a_time(store: Store) -> None:
    store.make()
    with store.changing(), pytest.raises(Busy, match="try again when it has ended"):
        add(store, [Taking()], asked_for("a"))


class TestABuild:
    def test_stays_while_it_is_used(self, store: Store) -> None:
        add(store, [Taking()], asked_for("a"))
        old = store.installed()["toy-1"]
        use = store.use(old)
        assert use

        add(store, [Taking()], asked_for("b"))
        assert old.build in builds(store)
        del use
        store.sweep()

        assert builds(store) == [store.installed()["toy-1"].build]
        assert store.use(old) is None

    def test_in_the_making_stays(self, store: Store) -> None:
        store.make()
        with store.new_build("toy-1") as folder:
            store.sweep()
            assert folder.exists()
        assert not folder.exists()

    def test_that_is_being_removed_cannot_be_used(self, store: Store) -> None:
        add(store, [Taking()], asked_for("a"))
        found = store.installed()["toy-1"]
        with store.new_build("toy-1") as folder:
            (store.builds / found.build).rename(store.folder / "gone")
            folder.rename(store.builds / found.build)

            assert store.use(found) is None
            (store.builds / found.build).rename(folder)

    def test_that_is_removed_before_it_is_locked_cannot_be_used(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add(store, [Taking()], asked_for("a"))
        found = store.installed()["toy-1"]
        monkeypatch.setattr(fcntl, "flock", lambda *_: shutil.rmtree(store.builds / found.build))

        assert store.use(found) is None

    def test_that_is_replaced_before_it_is_locked_cannot_be_used(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add(store, [Taking()], asked_for("a"))
        found = store.installed()["toy-1"]
        build = store.builds / found.build

        def replaced(*_: object) -> None:
            build.rename(store.folder / "old")
            build.mkdir()

        monkeypatch.setattr(fcntl, "flock", replaced)

        assert store.use(found) is None

    def test_is_not_removed_where_it_is_unknown_what_is_used(self, store: Store) -> None:
        add(store, [Taking()], asked_for("a"))
        before = builds(store)
        (store.folder / "installed.json").write_text("{}{")

        store.sweep()

        assert builds(store) == before
        with pytest.raises(BadEnvironments, match=r"installed.json is damaged: remove it"):
            add(store, [Taking()], asked_for("b"))


def test_every_change_has_another_stamp(store: Store) -> None:
    stamps = [store.stamp()]
    for name in ("a", "b"):
        add(store, [Taking()], asked_for(name))
        stamps.append(store.stamp())

    assert len(set(stamps)) == 3
