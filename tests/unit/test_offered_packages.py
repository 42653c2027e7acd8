"""Which packages the daemon offers, and what it shows to jails."""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.daemon.kits import Kits, Packages
from sandbox.environments import Environment, Store
from sandbox.jail.kit import JailKit
from sandbox.languages import load
from sandbox.toolchains.search import Toolchain, Toolchains
from sandbox.wire.types import File

PYTHON = Toolchain(load()["python"], "/usr/bin/python3", "3.11.2")
NODE = Toolchain(load()["javascript"], "/usr/bin/node", "20.1.0")
FILE = File("../tmp/list", b"fonts")


def an_environment(name: str, target: str, executable: str = "") -> Environment:
    return Environment(
        name=name,
        build=f"{name}-1",
        shown="site",
        target=target,
        executable=executable,
        requested={"numpy": "numpy"},
        packages={"numpy": "2.1.3"},
        fingerprint="f1",
    )


@pytest.fixture
def python(tmp_path: Path) -> Environment:
    return an_environment("python-3.11", str(tmp_path), "/usr/bin/python3")


@pytest.fixture
def toolchains() -> Toolchains:
    return Toolchains([PYTHON, NODE])


def offered(toolchains: Toolchains) -> dict[str, dict[str, str]]:
    return {each.name: dict(each.packages) for each in toolchains.languages()}


class TestToolchains:
    def test_have_the_packages_of_their_series(
        self, toolchains: Toolchains, python: Environment
    ) -> None:
        toolchains.offer_packages({"python-3.11": python})

        assert offered(toolchains) == {"python": {"numpy": "2.1.3"}, "javascript": {}}
        found = toolchains.get("python", "3.11")
        assert found
        assert (found.packages, PYTHON.packages) == ("f1", "")

    @pytest.mark.parametrize("name", ["python-3.12", "node"])
    def test_have_no_packages_of_another(
        self, toolchains: Toolchains, python: Environment, name: str
    ) -> None:
        toolchains.offer_packages({name: replace(python, name=name)})

        assert offered(toolchains)["python"] == {}

    def test_have_no_packages_that_were_chosen_for_another_interpreter(
        self, toolchains: Toolchains, python: Environment
    ) -> None:
        toolchains.offer_packages({"python-3.11": replace(python, executable="/opt/bin/python3")})

        assert offered(toolchains)["python"] == {}

    def test_give_programs_the_files_of_the_packages_that_they_have(
        self, toolchains: Toolchains, python: Environment
    ) -> None:
        toolchains.offer_packages({"python-3.11": python})
        (before,) = toolchains.with_packages()
        toolchains.offer_files(before, (FILE,))
        given = toolchains.get("python", "3.11")

        toolchains.offer_packages({"python-3.11": replace(python, fingerprint="f2")})
        toolchains.offer_files(before, (FILE,))

        after = toolchains.get("python", "3.11")
        assert given
        assert after
        assert (given.made, after.made) == ((FILE,), ())


class TestKits:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        store = Store(tmp_path / "packages")
        store.make()
        return store

    @pytest.fixture
    def kits(self, store: Store, toolchains: Toolchains, tmp_path: Path) -> Kits:
        kit = JailKit(nsjail=tmp_path, folder=tmp_path, shown=str(tmp_path), mounts=("/opt/go",))
        return Kits(kit, toolchains, Packages(store, "/reach"))

    def put(self, store: Store, *environments: Environment) -> None:
        for each in environments:
            (store.builds / each.build).mkdir()
        store.put({each.name: each for each in environments})

    def test_show_each_environment_where_its_interpreter_looks(
        self, kits: Kits, store: Store, toolchains: Toolchains
    ) -> None:
        self.put(store, an_environment("node", "/node_modules"))
        assert kits.current().mounts == ("/opt/go",)

        kits.refresh()

        assert kits.current().mounts == ("/opt/go", "/reach/node-1/site:/node_modules")
        assert offered(toolchains)["javascript"] == {"numpy": "2.1.3"}

    def test_make_no_folder_on_the_host_for_it(
        self, kits: Kits, store: Store, toolchains: Toolchains, tmp_path: Path
    ) -> None:
        gone = an_environment("python-3.11", f"{tmp_path}/gone", "/usr/bin/python3")
        self.put(store, gone)

        kits.refresh()

        assert kits.current().mounts == ("/opt/go",)
        assert offered(toolchains)["python"] == {}

    def test_stay_as_they_were_if_a_build_is_missing(
        self, kits: Kits, store: Store, toolchains: Toolchains
    ) -> None:
        store.put({"node": an_environment("node", "/node_modules")})

        kits.refresh()

        assert kits.current().mounts == ("/opt/go",)
        assert offered(toolchains)["javascript"] == {}

    def test_are_not_read_again_while_nothing_changes(self, kits: Kits, store: Store) -> None:
        self.put(store, an_environment("node", "/node_modules"))
        kits.refresh()
        before = kits.current()

        kits.refresh()

        assert kits.current() is before
