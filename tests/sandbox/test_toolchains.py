"""Tool chains outside /usr: mounted on their own, or refused with the reason."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.submission import File
from sandbox.jail import kit
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, wait_for_end

TOY = """\
#!/bin/bash
# A language whose programs are bash scripts.
if [ "$1" = --version ]; then echo "toy VERSION"; else exec bash "$@"; fi
"""
TABLE = """
[{name}]
source = "main.toy"
suffixes = [".toy"]
executables = ["{executable}"]
version = 'toy ([0-9.]+)'
run = ["{{executable}}", "{{entrypoint}}"]
"""

OUTSIDE_OF_JAILS = "/srv"
"""Jails have a /tmp and a /var/tmp of their own, so nothing of the host's can be shown there."""


@pytest.fixture
def home() -> Iterator[Path]:
    """The home folder of the service's account, closed to others, with secrets and tool chains."""
    if not os.access(OUTSIDE_OF_JAILS, os.W_OK):
        pytest.skip(f"this user can't write in {OUTSIDE_OF_JAILS}")
    with tempfile.TemporaryDirectory(dir=OUTSIDE_OF_JAILS) as name:
        home = Path(name)
        install(home / "tools/toy-1", "1.5")
        install(home / "tools/toy-2", "2.0")
        install(home / ".cargo", "1.0")
        (home / ".ssh").mkdir()
        (home / ".ssh/id_ed25519").write_text("a secret")
        (home / ".cargo/credentials.toml").write_text("a secret")
        (home / "tools/secret").write_text("a secret")
        yield home


@pytest.fixture
def in_var_tmp() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        yield Path(name, "toy")


def install(folder: Path, version: str) -> Path:
    executable = folder / "bin" / "toy"
    executable.parent.mkdir(parents=True)
    executable.write_text(TOY.replace("VERSION", version))
    executable.chmod(0o755)
    return executable


@pytest.fixture
def daemon(home: Path, tmp_path: Path) -> Iterator[SandboxDaemon]:
    """Of that account, not started yet. `languages` is to be written."""
    daemon = SandboxDaemon(
        tmp_path, bays=1, languages=tmp_path / "languages.toml", wrapper=("env", f"HOME={home}")
    )
    yield daemon
    daemon.stop()


def start(daemon: SandboxDaemon, executables: dict[str, str], **more: str) -> None:
    """With a language for each of them."""
    assert daemon.languages
    tables = [
        TABLE.format(name=name, executable=executable) + more.get(name, "")
        for name, executable in executables.items()
    ]
    daemon.languages.write_text("".join(tables))
    daemon.start()


def printed(daemon: SandboxDaemon, source: str) -> str:
    _, output = daemon.run("toy", source)
    assert output.run
    return output.run.stdout.decode()


def test_of_a_home_folder_only_the_tool_chain_is_there_and_it_can_t_be_written(
    daemon: SandboxDaemon, home: Path
) -> None:
    start(daemon, {"toy": "~/tools/toy-1/bin/toy"})

    seen = printed(daemon, f"find {home} /root /home 2>/dev/null").split()

    tools = home / "tools"
    toy = tools / "toy-1/bin/toy"
    assert sorted(map(Path, seen)) == [home, tools, tools / "toy-1", toy.parent, toy]

    printed(daemon, f"echo oh >> {toy}; rm -rf {home}; touch {home}/new {home}/tools/toy-1/new")

    assert toy.read_text() == TOY.replace("VERSION", "1.5")
    assert sorted(path.name for path in home.iterdir()) == [".cargo", ".ssh", "tools"]


def test_each_version_that_a_pattern_finds_is_offered_but_none_that_mounts_a_home_folder(
    daemon: SandboxDaemon, home: Path
) -> None:
    start(
        daemon,
        {"toy": "~/tools/*/bin/toy", "homely": "~/tools/toy-1/bin/toy"},
        homely=f'mounts = ["{home}"]\n',
    )

    languages = daemon.runtime.languages()
    assert "homely" not in {language.name for language in languages}
    toys = [language for language in languages if language.name == "toy"]
    assert sorted(toy.version for toy in toys) == ["1.5", "2.0"]
    for toy in toys:
        pod = a_pod(toy, f"grep -q {toy.version} {home}/tools/*/bin/toy")
        report = wait_for_end(daemon.runtime, pod).report
        assert report
        assert report.run
        assert report.run.exit_code == 0


def test_what_can_t_be_shown_is_refused_with_the_reason(
    daemon: SandboxDaemon, home: Path, tmp_path: Path, in_var_tmp: Path
) -> None:
    install(home, "1")
    install(home / "tools/mute", "")
    install(home / "tools/broken", "1").write_text("#!/bin/false\n")
    install(home / "tools/closed", "1").parents[1].chmod(0o700)
    shutil.copy(home / "bin/toy", home / "tools/toy-1/toy")
    (home / "tools/linked/bin").mkdir(parents=True)
    (home / "tools/linked/bin/toy").symlink_to(home / ".cargo/bin/toy")
    reasons = {
        "~/.cargo/bin/toy": "may contain secrets",
        "~/bin/toy": "contains the home folder",
        "~/tools/linked/bin/toy": "it is a link to",
        "~/tools/toy-1/toy": "it is not in a folder named bin",
        "~/tools/mute/bin/toy": "its output has no version",
        "~/tools/broken/bin/toy": "does not report its version",
        str(install(tmp_path / "toy", "1")): ": /tmp of a jail is its own",
        str(install(in_var_tmp, "1")): "/var/tmp of a jail is its own",
    }
    if os.geteuid() == 0:  # an ordinary user's jails may read what is the user's
        reasons["~/tools/closed/bin/toy"] = "is closed to other users: chmod -R o+rX"

    start(daemon, {f"toy{number}": path for number, path in enumerate(reasons)})

    names = {language.name for language in daemon.runtime.languages()}
    assert not {name for name in names if name.startswith("toy")}
    log = daemon.log.read_text().splitlines()
    for path, reason in reasons.items():
        (said,) = [line for line in log if reason in line]
        assert path.replace("~", str(home)) in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's jails need another mount")
def test_mounts_are_the_daemon_s_own_and_go_with_it(daemon: SandboxDaemon) -> None:
    place = kit.place_for_mounts(daemon.folder / "data")
    start(daemon, {"toy": "~/tools/toy-1/bin/toy"})
    assert place.exists()
    assert str(place) not in Path("/proc/self/mounts").read_text()

    daemon.kill()
    daemon.start()
    assert printed(daemon, "echo again") == "again\n"
    daemon.stop()

    assert not place.exists()


def test_a_command_is_filled_in_argument_by_argument(tmp_path: Path) -> None:
    languages = tmp_path / "languages.toml"
    languages.write_text("""
[shown]
source = "main.txt"
suffixes = [".txt"]
executables = ["/usr/bin/printf"]
version = 'coreutils. ([0-9.]+)'
run = [
    "{executable}", "[%s]", "{sources}", "{entrypoint}", "{stem}", "{output}",
    "{runtime}",
    "{bin}/x", "-m{memory_mib}", "-h{heap_mib}",
]
runtimes = ["/nowhere/cat", "/usr/bin/cat"]
outputs = { ".txt" = ".out" }
overhead_mib = 28
""")
    daemon = SandboxDaemon(tmp_path, bays=1, languages=languages)
    daemon.start()
    files = tuple(File(name, b"") for name in ("src/a b.txt", "-c.txt", "@c.txt", "d.h"))

    _, output = daemon.run("shown", "", files=files, entrypoint="src/a b.txt", args=("$HOME",))

    daemon.stop()
    assert output.run
    assert output.run.stdout.decode() == (
        "[src/a b.txt][./-c.txt][./@c.txt][src/a b.txt][src/a b]"
        "[src/a b.out][/usr/bin/cat][/usr/bin/x][-m128][-h100][$HOME]"
    )
