"""Without extras, the command line works and names the extra that a command needs."""

import subprocess
import sys

import pytest

from app.cli import main

RUN = """
import importlib.metadata as metadata, re, sys

needed, found = ["podline"], set()
while needed:
    name = needed.pop()
    if name in found:
        continue
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        continue  # for other Pythons
    found.add(name)
    needed += [
        re.match("[A-Za-z0-9_.-]+", requirement)[0].lower()
        for requirement in requirements
        if "extra" not in requirement
    ]
modules = metadata.packages_distributions()
allowed = {module for module, names in modules.items() if found & {n.lower() for n in names}}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in sys.stdlib_module_names and root not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
from app.entry import main
main()
"""


def podline(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process without other packages."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_command_that_speaks_to_a_service_starts() -> None:
    modules = sorted({module for module, _ in main.places.values()})
    imports = "".join(f"import {module}\n" for module in modules)
    script = RUN.replace("from app.entry import main\nmain()\n", imports)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "extra"), [("up", "standalone"), ("sandbox", "sandbox"), ("settings", "server")]
)
def test_a_command_that_needs_more_names_the_extra(command: str, extra: str) -> None:
    done = podline(command)
    assert done.returncode == 1
    assert done.stderr.startswith("podline: ")
    assert done.stderr.endswith(
        f" is not installed: in a clone of Podline, run pip install '.[{extra}]'\n"
    )


def test_without_a_service_it_says_how_to_start_one() -> None:
    done = podline("list", "--url", "http://127.0.0.1:1", "--key", "none")
    assert done.returncode == 1
    assert "podline up" in done.stderr
