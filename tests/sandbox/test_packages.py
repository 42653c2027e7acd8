"""Packages that `podline packages` installs, as programs see them."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.domain.policy import DEFAULT_LIMITS
from sandbox.environments import FOLDER, Store
from sandbox.languages.spec import LANGUAGES
from tests.support.local_packages import npm_registry, only_wheels_in, publish_greeter, wheel
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language
from tests.support.waiting import wait_until

GREETING = {"greeting.py": "WORD = 'hello'\n"}
WHO = "import greeting; print(greeting.WORD)"
MATPLOTLIB = {
    "matplotlib/__init__.py": "",
    "matplotlib/font_manager.py": """
import os
os.makedirs(os.environ["MPLCONFIGDIR"], exist_ok=True)
with open(os.environ["MPLCONFIGDIR"] + "/fontlist-v1.json", "w") as file:
    file.write("fonts")
""",
}
READS_FOR_EVER = """
import greeting, time
print("reading", flush=True)
while open(greeting.__file__).read():
    time.sleep(0.01)
"""
TELLS_ITS_PYTHON = """
import os, sys
print(sys.path, sys.prefix, sys.executable, sys.flags, sorted(os.environ.items()))
"""
HAS_NPM = shutil.which("npm") is not None


@dataclass
class Packages:
    """Runs the command on a daemon's data folder, with packages of the test alone."""

    daemon: SandboxDaemon
    wheels: Path
    env: Mapping[str, str]

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "sandbox.packages"),
                *("--data", str(self.daemon.folder / "data"), *arguments),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | self.env,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def store(self) -> Store:
        return Store(self.daemon.folder / "data" / FOLDER)

    @property
    def builds(self) -> list[str]:
        return os.listdir(self.store.builds)

    def offered(self, name: str) -> dict[str, str]:
        return dict(language(self.daemon.runtime, name).packages)

    def printed(self, source: str, name: str = "python") -> str:
        _, output = self.daemon.run(name, source)
        assert output.run, output.compile
        return (output.run.stdout + output.run.stderr).decode()


def log_of(packages: Packages) -> str:
    return packages.daemon.log.read_text()


def packages_of(daemon: SandboxDaemon, folder: Path) -> Packages:
    """None are installed yet. `folder` is empty."""
    wheels = folder / "wheels"
    wheels.mkdir()
    wheel(wheels, "greeting", "1.0", GREETING)
    wheel(wheels, "shadow", "1.0", {"json.py": "raise SystemExit('shadowed')\n"})
    env = {
        **only_wheels_in(wheels),
        "npm_config_cache": str(folder / "npm"),
        "npm_config_userconfig": os.devnull,
    }
    packages = Packages(daemon, wheels, env)
    packages.store.put({})
    return packages


@pytest.fixture
def packages(own_sandbox: SandboxDaemon, tmp_path: Path) -> Iterator[Packages]:
    packages = packages_of(own_sandbox, tmp_path)
    yield packages
    packages.store.put({})


@pytest.fixture
def greeting(packages: Packages, with_packages: Packages) -> Packages:
    """With the packages for Python of `with_packages`: to have pip install them takes a second."""
    here, there = packages.store, with_packages.store
    here.make()
    installed = {}
    for name, it in there.installed().items():
        if name.startswith("python"):
            with here.new_build(name) as build:
                shutil.copytree(there.builds / it.build, build, dirs_exist_ok=True)
                installed[name] = replace(it, build=build.name)
                here.put(installed)
    return packages


class TestAChange:
    def test_is_noticed_by_a_running_daemon(self, packages: Packages) -> None:
        daemon = packages.daemon
        assert "ModuleNotFoundError" in packages.printed(WHO)
        wait_until(lambda: len(daemon.waiting_jails()) == 2)

        packages("add", "python", "greeting")

        assert packages.printed(WHO) == "hello\n"
        assert packages.offered("python") == {"greeting": "1.0"}
        assert packages.offered("perl") == {}
        packages("remove", "python", "greeting")
        assert "ModuleNotFoundError" in packages.printed(WHO)
        assert packages.offered("python") == {}
        wait_until(lambda: packages.printed("") == "" and packages.builds == [])

    def test_does_not_reach_a_program_that_runs(self, greeting: Packages) -> None:
        """It reads its packages until a limit ends it, which is not before they were removed."""
        runtime = greeting.daemon.runtime
        limits = replace(DEFAULT_LIMITS, wall_seconds=5, cpu_seconds=5)
        pod = a_pod(language(runtime, "python"), READS_FOR_EVER, limits=limits)
        runtime.create(pod)
        wait_until(lambda: runtime.follow(pod.name, 0))

        greeting("remove", "python", "greeting", "shadow")

        assert "ModuleNotFoundError" in greeting.printed(WHO)
        wait_until(lambda: (seen := runtime.observe(pod.name)) and seen.report)
        output = runtime.output(pod.name)
        assert output
        assert output.run
        assert (output.run.stdout, output.run.stderr) == (b"reading\n", b"")

    def test_makes_the_list_of_fonts_once_for_all_programs(self, packages: Packages) -> None:
        wheel(packages.wheels, "matplotlib", "1.0", MATPLOTLIB)
        shows = "import os; print(os.popen('cat /tmp/matplotlib/*').read())"

        packages("add", "python", "matplotlib")

        wait_until(lambda: packages.printed(shows) == "fonts\n\n")
        packages.daemon.kill()
        packages.daemon.start()
        wait_until(lambda: packages.printed(shows) == "fonts\n\n")
        packages("remove", "python", "matplotlib")
        assert "No such file" in packages.printed(shows)

    def test_survives_a_package_that_cannot_make_them(self, packages: Packages) -> None:
        broken = {"matplotlib/__init__.py": "raise SystemExit(3)"}
        wheel(packages.wheels, "matplotlib", "1.0", broken)

        packages("add", "python", "matplotlib", "greeting")

        assert packages.printed(WHO) == "hello\n"
        wait_until(lambda: "is not made for all programs: exit code 3" in log_of(packages))

    def test_outlives_the_daemon(self, greeting: Packages) -> None:
        (greeting.store.builds / "left-over").mkdir()

        greeting.daemon.kill()
        greeting.daemon.start()

        assert greeting.printed(WHO) == "hello\n"
        assert len(greeting.builds) == 1

    def test_that_cannot_be_read_leaves_what_was_there(self, greeting: Packages) -> None:
        assert greeting.printed(WHO) == "hello\n"

        (greeting.daemon.folder / "data" / FOLDER / "installed.json").write_text("{")

        assert greeting.printed(WHO) == "hello\n"
        assert "packages stay as they were" in log_of(greeting)


@pytest.fixture(scope="module")
def with_packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packages]:
    """A daemon whose programs have some."""
    daemon = SandboxDaemon(tmp_path_factory.mktemp("packages"), bays=2)
    daemon.start()
    packages = packages_of(daemon, tmp_path_factory.mktemp("packages"))
    before = packages.printed(TELLS_ITS_PYTHON)
    packages("add", "python", "greeting", "shadow")
    packages.env = {**packages.env, "BEFORE": before}
    if HAS_NPM:
        with npm_registry() as registry:
            publish_greeter(registry)
            packages.env = {**packages.env, "npm_config_registry": registry.url}
            packages("add", "javascript", "greeter", "@types/typeless")
    yield packages
    daemon.stop()


class TestPythonPackages:
    @pytest.mark.parametrize("option", ["-I", "-E", "-s"])
    def test_are_found_however_python_is_started(
        self, with_packages: Packages, option: str
    ) -> None:
        source = f"import subprocess; subprocess.run(['python3', {option!r}, '-c', {WHO!r}])"

        assert with_packages.printed(source) == "hello\n"

    def test_change_nothing_else_that_a_program_sees(self, with_packages: Packages) -> None:
        assert with_packages.printed(TELLS_ITS_PYTHON) == with_packages.env["BEFORE"]

    def test_cannot_be_changed_by_programs(self, with_packages: Packages) -> None:
        said = with_packages.printed("import greeting; open(greeting.__file__, 'w')")

        assert "Read-only file system" in said

    def test_are_compiled_before(self, with_packages: Packages) -> None:
        """As hash-based files that Python doesn't check (PEP 552)."""
        source = "import greeting; print(*open(greeting.__cached__, 'rb').read(8)[4:])"

        assert with_packages.printed(source) == "1 0 0 0\n"

    def test_do_not_shadow_the_standard_library(self, with_packages: Packages) -> None:
        assert with_packages.printed("import json; print(json.dumps(1))") == "1\n"


@pytest.mark.skipif(not HAS_NPM, reason="npm is not installed")
class TestNodePackages:
    def test_are_offered_with_those_that_they_need(self, with_packages: Packages) -> None:
        expected = {"@types/typeless": "1.0.1", "greeter": "2.1.0", "typeless": "1.0.0"}

        assert with_packages.offered("javascript") == expected
        assert with_packages.offered("typescript") == expected

    def test_are_found_by_require(self, with_packages: Packages) -> None:
        source = "console.log(require('greeter').word)"

        assert with_packages.printed(source, "javascript") == "hello!\n"

    def test_are_found_by_import(self, with_packages: Packages) -> None:
        source = "import('greeter').then(greeter => console.log(greeter.word))"

        assert with_packages.printed(source, "javascript") == "hello!\n"

    def test_have_types(self, with_packages: Packages) -> None:
        source = (
            "import { word } from 'greeter'; import typeless = require('typeless');\n"
            "const told: string = word; const same: 'hello' = typeless; console.log(told, same);"
        )

        assert with_packages.printed(source, "typescript") == "hello! hello\n"

    def test_run_no_scripts_when_they_are_installed(self, with_packages: Packages) -> None:
        assert with_packages.offered("javascript")["greeter"] == "2.1.0"
        assert not os.path.exists("/tmp/ran-a-script")

    def test_are_listed(self, with_packages: Packages) -> None:
        listed = json.loads(with_packages("list", "--json"))

        assert listed["node"]["requested"] == ["@types/typeless", "greeter"]
        assert listed["node"]["packages"] == with_packages.offered("javascript")
        assert "greeter          2.1.0    yes" in with_packages("list")


@pytest.fixture
def virtual_environment() -> Iterator[Path]:
    """Made by hand, of this Python, in a folder that jails can be shown."""
    if not os.access("/srv", os.W_OK):
        pytest.skip("this user can't write in /srv")
    with tempfile.TemporaryDirectory(dir="/srv") as name:
        folder = Path(name, "course")
        folder.parent.chmod(0o755)
        venv.create(folder, symlinks=True)
        (site,) = folder.glob("lib/python3.*/site-packages")
        with zipfile.ZipFile(wheel(Path(name), "greeting", "1.0", GREETING)) as archive:
            archive.extractall(site)
        (site / "closed.py").touch(0o600)
        yield folder


def languages_with(executable: Path) -> str:
    """Python's table, with another interpreter."""
    table = re.search(r"^\[python\].*?(?=^\[javascript\])", LANGUAGES.read_text(), re.M | re.S)
    assert table
    return re.sub(r"^executables = .*", f'executables = ["{executable}"]', table[0], flags=re.M)


def test_a_virtual_environment_can_be_a_tool_chain(
    virtual_environment: Path, tmp_path: Path
) -> None:
    file = tmp_path / "languages.toml"
    file.write_text(languages_with(virtual_environment / "bin/python"))
    daemon = SandboxDaemon(tmp_path, bays=1, languages=file)
    daemon.start()
    packages = packages_of(daemon, tmp_path)
    try:
        assert packages.printed(WHO) == "hello\n"
        assert packages.printed(f"{WHO}; import ssl, sys; print(sys.prefix)") == (
            f"hello\n{virtual_environment}\n"
        )
        assert packages.offered("python") == {"greeting": "1.0"}
        assert ("closed.py: chmod -R o+rX " in log_of(packages)) is (os.geteuid() == 0)
        with pytest.raises(AssertionError, match="virtual environment of your own"):
            packages("--languages", str(file), "add", "python", "shadow")
    finally:
        daemon.stop()


DRAWS = """
import os, sys, time
before = os.listdir("/tmp/matplotlib")
import matplotlib.pyplot as plot
import numpy
plot.plot(numpy.linspace(0, 1, 50) ** 2)
plot.savefig("curve.png")
print(before, open("curve.png", "rb").read(4))
"""


@pytest.mark.long
def test_matplotlib_draws_a_picture_of_what_numpy_computed(packages: Packages) -> None:
    """At the default limits, with the packages themselves. Needs a package index."""
    packages.env = {}
    packages("add", "python", "numpy", "matplotlib")
    wait_until(lambda: packages.printed("import os; print(os.listdir('/tmp'))") != "[]\n")

    drawn = packages.printed(DRAWS)

    assert re.fullmatch(r"\['fontlist-v[\d.]+\.json'\] b'\\x89PNG'\n", drawn), drawn
