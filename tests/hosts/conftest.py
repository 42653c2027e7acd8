"""Three sandbox hosts, each in a network namespace of its own."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.constants import in_processes
from tests.support.many_hosts import ManyHosts

SIZES = {"alpha": "1", "beta": "2", "gamma": "3"}
SLOTS = sum(map(int, SIZES.values()))
SPECIAL = """
[special]
source = "main.special"
suffixes = [".special"]
executables = ["/bin/bash"]
version = 'version (\\d+\\.\\d+)'
run = ["{executable}", "{entrypoint}"]
prints_lines = true
"""
"""A language that only gamma offers."""
SOON = {"transitions__STEP_SECONDS": 3, "beat__sweep": 1}
"""The same sweep as always, only without patience for the slow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith("tests/hosts/"):
            item.add_marker(pytest.mark.long)
            item.add_marker(pytest.mark.timeout(600))


def _can_make_namespaces() -> bool:
    if os.geteuid() != 0:
        return False
    probe = f"podline-{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False)
    if made.returncode == 0:
        subprocess.run(["ip", "netns", "del", probe], check=True)
    return made.returncode == 0


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyHosts]:
    if not _can_make_namespaces():
        pytest.skip("needs to make network namespaces")
    sizes = {name: {"PODLINE_MAX_RUNNING": slots} for name, slots in SIZES.items()}
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "special.toml").write_text(SPECIAL)
    sizes["gamma"]["PODLINE_LANGUAGES_FILE"] = str(folder / "special.toml")
    settings = {
        **in_processes(**SOON),
        "PODLINE_MAX_LIMITS__WALL_SECONDS": "600",
        # A daemon tries its limits at each start, which a busy machine can spoil.
        "PODLINE_SANDBOX_UNHELD_LIMITS": "cpu,memory",
    }
    with ManyHosts(folder, sizes, **settings) as running:
        yield running
