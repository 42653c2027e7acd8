"""Packages that `podline packages` installs, as programs see them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from app.domain.policy import DEFAULT_LIMITS
from sandbox.environments import FOLDER
from tests.support.local_packages import NpmRegistry, npm_registry, wheel
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language
from tests.support.waiting import wait_until

Packages: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

WHO = "import greeting; print(greeting.WORD)"
READS_FOR_EVER = """
import greeting
print("reading", flush=True)
while open(greeting.__file__).read():
    pass
"""
TELLS_ITS_PYTHON = """
import os, sys
print(sys.path, sys.prefix, sys.executable, sys.flags, sorted(os.environ.items()))
"""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks for packages."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "greeting", "1.0", {"greeting.py": "WORD = 'hello'\n"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NpmRegistry]:
    """The only place where npm looks for packages."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    with npm_registry() as registry:
        monkeypatch.setenv("npm_config_registry", registry.url)
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
        monkeypatch.setenv("npm_config_userconfig", os.devnull)
        yield registry


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    """Runs the command on the data folder of `own_sandbox`."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(tmp_path, *arguments), capture_output=True, text=True)

    return run


def command(folder: Path, *arguments: object) -> list[str]:
    return [
        *(sys.executable, "-m", "sandbox.packages", "--data", str(folder / "data")),
        *map(str, arguments),
    ]


def installed(packages: Packages) -> dict[str, dict[str, dict[str, str]]]:
    listed = packages("list", "--json")
    assert listed.returncode == 0, listed.stderr
    found: dict[str, dict[str, dict[str, str]]] = json.loads(listed.stdout)
    return found


def of_python(packages: Packages) -> dict[str, str]:
    """The versions of Python's packages."""
    return next(
        (each["packages"] for name, each in installed(packages).items() if "python" in name), {}
    )


def done(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stderr


def builds(folder: Path) -> list[str]:
    return os.listdir(folder / "data" / FOLDER / "builds")


def printed(sandbox: SandboxDaemon, source: str, name: str = "python") -> str:
    _, output = sandbox.run(name, source)
    assert output.run, output.compile
    return (output.run.stdout + output.run.stderr).decode()


@pytest.mark.usefixtures("wheels")
class TestPython:
    def test_a_running_daemon_offers_what_was_added_until_it_is_removed(
        self, own_sandbox: SandboxDaemon, packages: Packages, tmp_path: Path
    ) -> None:
        assert "ModuleNotFoundError" in printed(own_sandbox, WHO)
        wait_until(lambda: len(own_sandbox.waiting_jails()) == 2)

        done(packages("add", "python", "greeting"))

        assert printed(own_sandbox, WHO) == "hello\n"
        assert dict(language(own_sandbox.runtime, "python").packages) == {"greeting": "1.0"}
        assert dict(language(own_sandbox.runtime, "perl").packages) == {}
        done(packages("remove", "python", "greeting"))
        assert "ModuleNotFoundError" in printed(own_sandbox, WHO)
        assert dict(language(own_sandbox.runtime, "python").packages) == {}
        wait_until(lambda: printed(own_sandbox, "") == "" and builds(tmp_path) == [])

    def test_a_program_keeps_the_packages_that_it_started_with(
        self, own_sandbox: SandboxDaemon, packages: Packages
    ) -> None:
        """It reads them until a limit ends it, which is not before the others were removed."""
        pod = a_pod(
            language(own_sandbox.runtime, "python"),
            READS_FOR_EVER,
            limits=replace(DEFAULT_LIMITS, wall_seconds=8, cpu_seconds=8),
        )
        done(packages("add", "python", "greeting"))
        own_sandbox.runtime.create(pod)
        wait_until(lambda: own_sandbox.runtime.follow(pod.name, 0))

        done(packages("remove", "python", "greeting"))

        assert "ModuleNotFoundError" in printed(own_sandbox, WHO)
        wait_until(lambda: (seen := own_sandbox.runtime.observe(pod.name)) and seen.report)
        output = own_sandbox.runtime.output(pod.name)
        assert output
        assert output.run
        assert (output.run.stdout, output.run.stderr) == (b"reading\n", b"")

    def test_it_finds_them_however_python_is_started(
        self, own_sandbox: SandboxDaemon, packages: Packages
    ) -> None:
        done(packages("add", "python", "greeting"))

        for option in ("-I", "-E", "-s"):
            source = f"import subprocess; subprocess.run(['python3', {option!r}, '-c', {WHO!r}])"
            assert printed(own_sandbox, source) == "hello\n"

    def test_nothing_but_the_path_of_a_package_shows_that_it_is_one_of_ours(
        self, own_sandbox: SandboxDaemon, packages: Packages
    ) -> None:
        before = printed(own_sandbox, TELLS_ITS_PYTHON)

        done(packages("add", "python", "greeting"))

        assert printed(own_sandbox, TELLS_ITS_PYTHON) == before

    def test_programs_cannot_change_them(
        self, own_sandbox: SandboxDaemon, packages: Packages
    ) -> None:
        done(packages("add", "python", "greeting"))

        said = printed(own_sandbox, "import greeting; open(greeting.__file__, 'w')")

        assert "Read-only file system" in said

    def test_they_are_compiled_before(self, own_sandbox: SandboxDaemon, packages: Packages) -> None:
        done(packages("add", "python", "greeting"))

        flags = printed(
            own_sandbox,
            "import greeting; print(open(greeting.__cached__, 'rb').read(8)[4:])",
        )

        assert flags == "b'\\x01\\x00\\x00\\x00'\n"  # hash-based and unchecked (PEP 552)

    def test_none_shadows_the_standard_library(
        self, own_sandbox: SandboxDaemon, packages: Packages, wheels: Path
    ) -> None:
        wheel(wheels, "shadow", "1.0", {"json.py": "raise SystemExit('shadowed')\n"})
        done(packages("add", "python", "shadow"))

        assert printed(own_sandbox, "import json; print(json.dumps(1))") == "1\n"

    def test_a_restarted_daemon_still_has_them(
        self, own_sandbox: SandboxDaemon, packages: Packages, tmp_path: Path
    ) -> None:
        done(packages("add", "python", "greeting"))
        (tmp_path / "data" / FOLDER / "builds" / "left-over").mkdir()

        own_sandbox.kill()
        own_sandbox.start()

        assert printed(own_sandbox, WHO) == "hello\n"
        assert len(builds(tmp_path)) == 1
