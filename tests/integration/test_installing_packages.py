"""`python -m sandbox.packages` with pip, and packages that the test makes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.environments import FOLDER, Store
from tests.support.disks import disk
from tests.support.local_packages import (
    npm_registry,
    only_wheels_in,
    source_distribution,
    wheel,
)
from tests.support.waiting import wait_until

ADDED = {"greeting": "1.0", "number": "1.0", "words": "1.0"}


@dataclass
class Host:
    """A data folder, and the only packages there are."""

    data: Path
    wheels: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return Store(self.data / FOLDER)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "sandbox.packages", "--data", str(self.data), *arguments]
        pipe, env = subprocess.PIPE, os.environ | self.env
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env)

    def run(self, *arguments: str) -> str:
        """Return what it prints; on failure, what it says."""
        with self.start(*arguments) as process:
            printed, said = process.communicate()
        return said if process.returncode else printed

    @property
    def packages(self) -> dict[str, str]:
        return {
            name: version
            for environment in self.store.installed().values()
            for name, version in environment.packages.items()
        }

    @property
    def builds(self) -> list[str]:
        return os.listdir(self.store.builds)


def empty_host(folder: Path) -> Host:
    if not any(os.access(path, os.X_OK) for path in ("/usr/local/bin/python3", "/usr/bin/python3")):
        pytest.skip("there is no Python for programs")
    wheels = folder / "wheels"
    wheels.mkdir()
    wheel(wheels, "greeting", "1.0", {"greeting.py": ""}, needs=["words"])
    wheel(wheels, "words", "1.0", {"words.py": ""})
    wheel(wheels, "number", "1.0", {"number.py": ""})
    wheel(wheels, "letter", "1.0", {"letter.py": ""})
    return Host(folder / "data", wheels, only_wheels_in(wheels))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host with packages, which no test changes: each pip takes a second."""
    host = empty_host(tmp_path_factory.mktemp("packages"))
    host.run("add", "python", "greeting", "number")
    return host


def a_copy(host: Host, folder: Path, data: Path) -> Host:
    wheels = folder / "wheels"
    shutil.copytree(host.wheels, wheels)
    shutil.copytree(host.data, data, symlinks=True)
    return Host(data, wheels, {**host.env, "PIP_FIND_LINKS": str(wheels)})


@pytest.fixture
def host(prepared: Host, tmp_path: Path) -> Host:
    return a_copy(prepared, tmp_path, tmp_path / "data")


def test_a_package_comes_with_what_it_needs_and_goes_with_it(host: Host) -> None:
    assert host.packages == ADDED

    host.run("remove", "py", "Greeting")

    assert host.packages == {"number": "1.0"}
    assert len(host.builds) == 1
    host.run("remove", "python", "number")
    assert (host.packages, host.builds) == ({}, [])


@pytest.mark.long
def test_only_what_is_named_changes_its_version(host: Host) -> None:
    for name in ("words", "number", "greeting"):
        wheel(host.wheels, name, "2.0", {f"{name}.py": ""})

    host.run("add", "python", "greeting==2.0")

    assert host.packages == {"greeting": "2.0", "number": "1.0"}


def test_a_lock_file_brings_the_same_packages_to_another_host(host: Host, tmp_path: Path) -> None:
    lock = tmp_path / "packages.lock"
    lock.write_text(host.run("lock", "python"))
    wheel(host.wheels, "words", "2.0", {"words.py": ""})
    other = Host(tmp_path / "other", host.wheels, host.env)

    other.run("add", "python", "--requirements", str(lock))

    assert other.packages == ADDED
    assert other.run("lock", "python") == lock.read_text()
    assert [row.split()[1:] for row in other.run("list").splitlines()] == [
        ["package", "version", "added"],
        ["greeting", "1.0", "yes"],
        ["number", "1.0", "yes"],
        ["words", "1.0"],
    ]
    wheel(host.wheels, "words", "1.0", {"words.py": "import evil"})
    last = Host(tmp_path / "last", host.wheels, host.env)
    assert "nothing was changed" in last.run("add", "python", "--requirements", str(lock))
    assert last.packages == {}


@pytest.mark.long
def test_packages_of_a_lock_file_can_be_changed(host: Host, tmp_path: Path) -> None:
    """What is added has no hash, unlike what is there."""
    lock = tmp_path / "packages.lock"
    lock.write_text(host.run("lock", "python"))
    other = Host(tmp_path / "other", host.wheels, host.env)
    other.run("add", "python", "--requirements", str(lock))

    other.run("add", "python", "letter")
    other.run("remove", "python", "greeting")

    assert other.packages == {"letter": "1.0", "number": "1.0"}


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.long
def test_so_does_one_of_node(host: Host, tmp_path: Path) -> None:
    with npm_registry() as registry:
        npm = {"npm_config_registry": registry.url, "npm_config_cache": str(tmp_path / "npm")}
        registry.add("greeter", "1.0.0", {}, dependencies={"words": "^1.0.0"})
        registry.add("words", "1.0.0", {})
        first = Host(tmp_path / "first", host.wheels, npm)
        first.run("add", "javascript", "greeter")
        lock = tmp_path / "packages.lock"
        lock.write_text(first.run("lock", "typescript"))
        registry.add("words", "1.1.0", {})
        other = Host(tmp_path / "other", host.wheels, npm)

        other.run("add", "javascript", "--requirements", str(lock))

        assert other.packages == {"greeter": "1.0.0", "words": "1.0.0"}
        assert other.run("lock", "javascript") == lock.read_text()


class TestNothingChanges:
    @pytest.fixture(scope="class")
    @classmethod
    def host(cls, prepared: Host, tmp_path_factory: pytest.TempPathFactory) -> Host:
        folder = tmp_path_factory.mktemp("packages")
        return a_copy(prepared, folder, folder / "data")

    @pytest.fixture(autouse=True)
    def _unchanged(self, host: Host) -> Iterator[None]:
        before = host.store.installed()
        yield
        assert host.store.installed() == before
        assert host.builds == [before[name].build for name in before]

    def test_when_there_is_no_such_package(self, host: Host) -> None:
        assert "nothing was changed: the installer failed" in host.run("add", "python", "nothing")

    def test_when_it_does_not_fit_to_what_is_there(self, host: Host) -> None:
        wheel(host.wheels, "choosy", "1.0", {}, needs=["number>=2"])

        said = host.run("add", "python", "choosy")

        assert "choosy 1.0 depends on number>=2" in said
        assert "nothing was changed" in said

    @pytest.mark.long
    def test_without_a_network(self, host: Host) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"http://127.0.0.1:{server.getsockname()[1]}"
        only = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": address, "PIP_FIND_LINKS": ""}
        offline = Host(host.data, host.wheels, {**host.env, **only, "PIP_RETRIES": "0"})

        assert "nothing was changed" in offline.run("add", "python", "letter")

    def test_when_its_own_code_would_have_to_run(self, host: Host, tmp_path: Path) -> None:
        ran = tmp_path / "ran"
        source_distribution(host.wheels, "evil", "1.0", f"open({str(ran)!r}, 'w')")

        assert "nothing was changed" in host.run("add", "python", "evil")
        assert not ran.exists()

    @pytest.mark.parametrize(
        "package",
        ["--index-url=http://example.org", "./number", "number @ http://example.org/x.whl"],
    )
    def test_when_it_is_not_named_by_its_name(self, host: Host, package: str) -> None:
        assert repr(package) in host.run("add", "--", "python", package)

    def test_when_there_are_none_for_that_language(self, host: Host) -> None:
        assert "packages of perl can't be installed" in host.run("add", "perl", "number")
        assert "use one of python, javascript" in host.run("add", "cobol", "number")
        assert "name at least one package" in host.run("add", "python")

    def test_while_another_change_is_made(self, host: Host) -> None:
        with host.store.changing():
            said = host.run("add", "python", "letter")

        assert f"another `podline packages` is at work (pid {os.getpid()})" in said


def test_a_killed_one_leaves_what_was_there(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {**host.env, "PIP_NO_INDEX": "0", "PIP_INDEX_URL": index}
        with Host(host.data, host.wheels, env).start("add", "python", "letter") as process:
            asking, _ = silent.accept()
            process.send_signal(signal.SIGKILL)
        asking.close()
    assert (host.packages, len(host.builds)) == (ADDED, 2)

    host.run("add", "python", "letter")

    assert host.packages == {**ADDED, "letter": "1.0"}
    wait_until(lambda: remaining(host) == 1)


def remaining(host: Host) -> int:
    """The installer that the kill left behind may still write into its folder."""
    host.store.sweep()
    return len(host.builds)


def test_a_reader_that_has_read_enough_is_no_error(host: Host) -> None:
    with host.start("list") as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""
    assert process.returncode == -signal.SIGPIPE


@pytest.mark.long
def test_a_full_disk_leaves_what_was_there(prepared: Host, tmp_path: Path) -> None:
    with disk("tmpfs", tmp_path, mib=2) as place:
        host = a_copy(prepared, tmp_path, place / "data")
        wheel(host.wheels, "large", "1.0", {"large.py": "#" * 3_000_000})
        before = host.store.installed()

        said = host.run("add", "python", "large")

        assert "nothing was changed" in said
        assert "No space left on device" in said
        assert host.store.installed() == before
        assert host.builds == [before[name].build for name in before]
