"""Which packages the daemon offers, and what it shows to jails."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.infrastructure.sandbox import conversion
from sandbox.daemon.kits import Kits, Packages
from sandbox.environments import Environment, Store
from sandbox.jail.kit import JailKit
from sandbox.languages import load
from sandbox.toolchains.search import Toolchain, Toolchains
from sandbox.wire.types import File, Pod
from tests.support import sandbox_daemon

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


class TestTheKeyOfACompiledProgram:
    """What has the same key is not compiled again."""

    @pytest.fixture
    def typescript(self, tmp_path: Path) -> Toolchain:
        executable = tmp_path / "tsc"
        executable.touch()
        return Toolchain(load()["typescript"], str(executable), "7.0", "/usr/bin/node")

    @pytest.fixture
    def pod(self, typescript: Toolchain) -> Pod:
        offered = conversion.language_of(typescript.language)
        return conversion.for_sandbox(sandbox_daemon.a_pod(offered, "let x = 1;", owner="ada"))

    def test_changes_with_the_packages(self, typescript: Toolchain, pod: Pod) -> None:
        node = an_environment("node", "/node_modules")
        installed = [None, node, replace(node, fingerprint="f2")]

        keys = [replace(typescript, installed=each).key(pod) for each in installed]

        assert len(set(keys)) == 3
        assert replace(typescript, installed=replace(node, build="node-2")).key(pod) == keys[1]

    @pytest.mark.parametrize(
        "other",
        [
            lambda pod: replace(pod, owner="bob"),
            lambda pod: replace(pod, compile_args=("--strict",)),
            lambda pod: replace(pod, files=(File("main.ts", b"let x = 2;"),)),
            lambda pod: replace(pod, files=(*pod.files, File("more.txt", b""))),
            lambda pod: replace(pod, files=(File("more.ts", b"let x = 1;"),)),
            lambda pod: replace(pod, entrypoint="more.ts"),
        ],
        ids=["owner", "arguments", "content", "more files", "name", "entrypoint"],
    )
    def test_changes_with_the_program(
        self, typescript: Toolchain, pod: Pod, other: Callable[[Pod], Pod]
    ) -> None:
        assert typescript.key(other(pod)) != typescript.key(pod)

    def test_changes_with_the_name_of_a_file_that_the_program_imports(
        self, typescript: Toolchain, pod: Pod
    ) -> None:
        pods = [
            replace(pod, files=(*pod.files, File(name, b"{}"))) for name in ("a.json", "b.json")
        ]

        assert len({typescript.key(each) for each in pods}) == 2

    def test_changes_with_the_compiler(self, typescript: Toolchain, pod: Pod) -> None:
        before = typescript.key(pod)
        others = [replace(typescript, version="7.1"), replace(typescript, says="7.0.1")]
        keys = {before, *(other.key(pod) for other in others)}

        Path(typescript.executable).write_text("another")

        assert len(keys | {typescript.key(pod)}) == 4


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
