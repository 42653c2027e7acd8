"""`.ci/run` with stand-ins for the programs that it calls: what it runs, skips and reports."""

import os
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

SCRIPT = Path(__file__).parents[2] / ".ci/run"
SOAK = "  NOT RUN: make test-soak, which takes ten minutes or more"
SERVERS = {"KAFKA": "host:9092", "KUBECONFIG": "config"}
MAKE = """#!/bin/sh
echo "make $*" >> made
[ "$*" != "$BREAKS" ] || {
    for n in ${FAILED:-}; do echo "FAILED tests/test_$n.py::test_it[a case] - assert not True"; done
    echo '== 1 failed, 2 passed in 3.00s =='
    exit 2
}
[ "$*" != test-again ] || exit ${AGAIN:-0}
echo '== 3 passed, 1 skipped in 1.00s =='
"""


GIVEN = """#!/bin/sh
echo "make $*" >> made
echo "[$REDIS_SERVER] [$KUBE_SCORE] [$JAEGER]"
"""
KIT = """#!/bin/sh
[ "$*" != "${BROKEN:-}" ] || { echo "no room for a cluster" >&2; exit 3; }
case "$1" in
up) echo "${0%/*}/state/address" ;;
image) : > built ;;
esac
"""
TELLS_SERVERS = """#!/bin/sh
echo "make $*: [$KAFKA] [$KAFKA_CONTROL] [$KUBECONFIG] [$CLUSTER_CONTROL] [$KUBECTL]" >> made
"""
BUILDS_IMAGES = """#!/bin/sh
[ -n "$KUBECONFIG" ] || { echo "no cluster is named"; exit 4; }
shift 2
"$@" a
"""
WAITS_FOR_IMAGES = """#!/bin/sh
[ "$*" != "$BREAKS" ] || { until [ -s building ]; do sleep 0.02; done; exit 2; }
"""
USES_PROMTOOL = """#!/bin/sh
echo "make $*" >> made
"$PROMTOOL" test
"""
LISTS_ARE_OLD = """#!/bin/sh
case "$1" in
update) [ ! -e "$TMPDIR/tried" ] || : > "$TMPDIR/lists" ;;
download) : > "$TMPDIR/tried"; [ -e "$TMPDIR/lists" ] && : > prometheus_2.53.deb ;;
esac
"""
UNPACKS = """#!/bin/sh
[ -e "$2" ] && mkdir -p "$3/usr/bin"
printf '#!/bin/sh\\necho the unpacked promtool\\n' > "$3/usr/bin/promtool"
chmod +x "$3/usr/bin/promtool"
"""
OF_SINGLE_TESTS = ("redis-server", "kube-score", "jaeger", "kubectl")
USED = ("chmod", "dirname", "grep", "mkdir", "mktemp", "paste", "rm", "sed", "sort", "tee")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci/run")
    (tmp_path / "programs").mkdir()
    for name in ("apt-get", "npm", "python3", "promtool", *OF_SINGLE_TESTS):
        program(tmp_path, name)
    program(tmp_path, "make", MAKE)
    return tmp_path


def program(folder: Path, name: str, text: str = "#!/bin/sh\n") -> None:
    file = folder / "programs" / name
    file.write_text(text)
    file.chmod(0o755)


def a_kit(folder: Path) -> None:
    """Programs that start servers, and a Python that builds images with one of them."""
    (folder / "kit").mkdir()
    for name in ("kafka", "cluster"):
        program(folder, f"../kit/{name}", KIT)
    (folder / ".venv").symlink_to(folder)
    (folder / "bin").symlink_to(folder / "programs")
    program(folder, "python", BUILDS_IMAGES)


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'programs'}:{os.environ['PATH']}"
    return subprocess.run(
        [folder / ".ci/run"],
        env={"PATH": path, "TEST_KIT": str(folder / "no kit"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def made(folder: Path) -> list[str]:
    calls = folder / "made"
    return calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "kafka"),
        ({"KAFKA": "host:9092"}, "kubernetes"),
        ({"PODLINE_CI_SKIP": "kafka"}, "kubernetes"),
        ({"PODLINE_CI_SKIP": "cluster"}, "kafka"),
    ],
)
def test_a_missing_server_fails_before_anything_runs(
    folder: Path, given: dict[str, str], missing: str
) -> None:
    done = run(folder, **given)
    assert done.returncode == 2
    assert f"No {missing} is available" in done.stderr
    assert made(folder) == []


def test_only_servers_can_be_left_out(folder: Path) -> None:
    done = run(folder, PODLINE_CI_SKIP="cluster,tests", **SERVERS)
    assert done.returncode == 2
    assert "names 'tests'" in done.stderr
    assert made(folder) == []


def test_everything_runs_where_both_servers_are_there(folder: Path) -> None:
    done = run(folder, **SERVERS)
    assert done.returncode == 0, done.stderr
    everything = [
        ".venv/test",
        "check",
        "test-page",
        "test",
        "test-long",
        "test-cluster SERVERS=kafka kubernetes",
    ]
    assert made(folder) == [f"make {each}" for each in everything]
    first, *lines, last = done.stdout.splitlines()[-8:]
    assert first == "What ran:"
    assert last == SOAK
    for each, line in zip(everything, lines, strict=True):
        assert line.startswith(f"  make {each}: passed in ")
        assert line.endswith("(3 passed, 1 skipped in 1.00s )")


@pytest.mark.parametrize(
    ("skip", "servers"), [("cluster", "kafka"), ("kafka", "kubernetes"), ("cluster,kafka", None)]
)
def test_what_was_left_out_is_reported_last(folder: Path, skip: str, servers: str | None) -> None:
    done = run(folder, PODLINE_CI_SKIP=skip, **SERVERS)
    assert done.returncode == 0, done.stderr
    on_servers = [f"make test-cluster SERVERS={servers}"] if servers else []
    assert made(folder)[5:] == on_servers
    assert [line for line in done.stdout.splitlines() if "NOT RUN" in line] == [
        f"  NOT RUN, as PODLINE_CI_SKIP says: the tests that need a {each}"
        for each in sorted(skip.split(","), reverse=True)
    ] + [SOAK]


def test_a_failure_ends_it_and_is_reported_last(folder: Path) -> None:
    done = run(folder, BREAKS="test-page", **SERVERS)
    assert done.returncode == 2
    assert made(folder) == ["make .venv/test", "make check", "make test-page"]
    last = done.stdout.splitlines()[-1]
    assert last.startswith("  make test-page: FAILED after ")
    assert last.endswith("(1 failed, 2 passed in 3.00s )")


@pytest.mark.parametrize("failed", ["1", "1 2 3"])
def test_a_few_failures_run_again_and_are_reported(folder: Path, failed: str) -> None:
    done = run(folder, BREAKS="test", FAILED=failed, **SERVERS)
    assert done.returncode == 0, done.stderr
    assert made(folder)[3:6] == ["make test", "make test-again", "make test-long"]
    names = " ".join(f"tests/test_{number}.py::test_it[a" for number in failed.split())
    assert f"  make test: UNSTABLE, failed and then passed: {names}" in done.stdout.splitlines()


def test_what_fails_again_ends_it(folder: Path) -> None:
    done = run(folder, BREAKS="test", FAILED="1", AGAIN="2", **SERVERS)
    assert done.returncode == 2
    assert made(folder)[3:] == ["make test", "make test-again"]
    assert "make test: FAILED" in done.stdout.splitlines()[-1]


def test_many_failures_do_not_run_again(folder: Path) -> None:
    done = run(folder, BREAKS="test", FAILED="1 2 3 4", **SERVERS)
    assert done.returncode == 2
    assert made(folder)[3:] == ["make test"]


def test_servers_of_the_kit_start_and_their_images_are_built_meanwhile(folder: Path) -> None:
    a_kit(folder)
    program(folder, "make", TELLS_SERVERS)
    done = run(folder, TEST_KIT=str(folder / "kit"))
    assert done.returncode == 0, done.stderr
    kit, state = folder / "kit", folder / "kit/state"
    *before, long, cluster = made(folder)
    assert [line.split()[1] for line in before] == [".venv/test:", "check:", "test-page:", "test:"]
    assert long == f"make test-long: [] [] [] [] [{state}/bin/kubectl]"
    assert cluster == (
        f"make test-cluster SERVERS=kafka kubernetes: [{state}/address] [{kit}/kafka]"
        f" [{state}/address] [{kit}/cluster] [{state}/bin/kubectl]"
    )
    assert (folder / "built").exists()


@pytest.mark.parametrize(
    ("broken", "name", "after"),
    [("up", "kafka", [".venv/test"]), ("image a", "images", [".venv/test", "check", "test-page"])],
)
def test_what_fails_in_the_background_ends_it(
    folder: Path, broken: str, name: str, after: list[str]
) -> None:
    a_kit(folder)
    done = run(folder, TEST_KIT=str(folder / "kit"), BROKEN=broken)
    assert done.returncode == 1
    assert made(folder) == [f"make {each}" for each in after]
    assert f"{name} failed in the background:\nno room for a cluster\n" in done.stderr
    assert done.stdout.splitlines()[-1] == f"  {name}, in the background: FAILED"


def test_nothing_goes_on_in_the_background_after_a_failure(folder: Path) -> None:
    a_kit(folder)
    program(folder, "python", "#!/bin/sh\necho $$ > building\nexec sleep 600\n")
    program(folder, "make", WAITS_FOR_IMAGES)
    done = run(folder, TEST_KIT=str(folder / "kit"), BREAKS="test-page")
    assert done.returncode == 2
    assert not psutil.pid_exists(int((folder / "building").read_text()))


def test_only_named_tests_run_again(folder: Path) -> None:
    """Not a stage that broke before its tests, or a line of a log that says ERROR."""
    done = run(folder, BREAKS="check", **SERVERS)
    assert done.returncode == 2
    assert made(folder)[1:] == ["make check"]


def test_promtool_is_unpacked_where_it_is_missing(folder: Path) -> None:
    """Its package is not installed, because that would start a server."""
    program(folder, "make", USES_PROMTOOL)
    program(folder, "apt-get", LISTS_ARE_OLD)
    program(folder, "dpkg-deb", UNPACKS)
    temporary = folder / "temporary"
    temporary.mkdir()
    done = run(folder, PATH=without_promtool(folder), TMPDIR=str(temporary), **SERVERS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the unpacked promtool") == len(made(folder)) == 6
    assert {left.name for left in temporary.iterdir()} == {"tried", "lists"}


def test_without_promtool_and_its_package_nothing_runs(folder: Path) -> None:
    program(folder, "apt-get", '#!/bin/sh\n[ "$1" != download ]\n')
    done = run(folder, PATH=without_promtool(folder), **SERVERS)
    assert done.returncode == 2
    assert "promtool is missing, and apt has no package prometheus" in done.stderr
    assert made(folder) == []


def test_what_single_tests_need_may_be_missing_and_is_reported(folder: Path) -> None:
    path = without(folder, *OF_SINGLE_TESTS)
    program(folder, "apt-get", '#!/bin/sh\n[ "$1" != download ]\n')
    program(folder, "timeout", "#!/bin/sh\nexit 1\n")
    program(folder, "make", GIVEN)
    done = run(folder, PATH=path, **SERVERS)
    assert done.returncode == 0, done.stderr
    assert "[] [] []" in done.stdout
    assert [line for line in done.stdout.splitlines() if "NOT RUN" in line] == [
        "  NOT RUN: the tests of TLS to Redis, as there is no redis-server, and apt has none",
        "  NOT RUN: the tests of traces in Jaeger, as there is no jaeger",
        "  NOT RUN: the tests of the manifests, as there is no kubectl",
        "  NOT RUN: kube-score, which could not be installed",
        SOAK,
    ]


def without_promtool(folder: Path) -> str:
    return without(folder, "promtool")


def without(folder: Path, *missing: str) -> str:
    """A PATH that lacks the real ones, too, if there are any."""
    programs = folder / "programs"
    for name in missing:
        (programs / name).unlink()
    for name in USED:
        (programs / name).symlink_to(str(shutil.which(name)))
    return str(programs)


@pytest.mark.parametrize("named", [{}, {"PROMTOOL": "/bin/echo"}])
def test_promtool_is_not_unpacked_where_it_is_there(folder: Path, named: dict[str, str]) -> None:
    if named:
        (folder / "programs/promtool").unlink()
    program(folder, "dpkg-deb", "#!/bin/sh\nexit 1\n")
    assert run(folder, **named, **SERVERS).returncode == 0
