"""What jails see as /etc."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import line
from sandbox.jail.etc import LINE, etc_of_jails
from sandbox.jail.tree import make_tree


def test_it_is_the_same_each_time() -> None:
    """Also in another process, whose sets have another order: otherwise it would be rewritten."""
    program = "import hashlib; from sandbox.jail.etc import etc_of_jails as etc\n"
    program += "print(hashlib.sha256(repr(etc([])).encode()).hexdigest())"

    printed = {subprocess.check_output([sys.executable, "-c", program]) for _ in range(3)}

    assert len(printed) == 1


def test_folders_are_mounted_only_below_it() -> None:
    etc = etc_of_jails(["/etc/tool/lib", "/etc/tool/bin", "/opt/tool", "/x:/y"])

    assert etc["tool"] == {"lib": {}, "bin": {}}
    assert etc.keys() == {*etc_of_jails([]), "tool"}


def test_nothing_is_mounted_on_a_file() -> None:
    with pytest.raises(NotADirectoryError, match="/etc/passwd/tool"):
        etc_of_jails(["/etc/passwd/tool"])


def test_python_loads_the_compiled_file(tmp_path: Path) -> None:
    make_tree(tmp_path / "etc", etc_of_jails([]))
    folder = tmp_path / "etc" / LINE.removeprefix("/etc/")
    compiled = importlib.util.cache_from_source(str(folder / "sitecustomize.py"))

    said = subprocess.run(
        [sys.executable, "-v", "-c", "import sys; print(sys.stdout.line_buffering)"],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "True\n"
    assert f"matches {folder}/sitecustomize.py" in said.stderr
    assert f"code object from '{compiled}'" in said.stderr


def test_every_file_of_line_is_there() -> None:
    files = etc_of_jails([])[LINE.removeprefix("/etc/")]

    assert isinstance(files, dict)
    assert {file.name: file.read_bytes() for file in line.FILES}.items() <= files.items()
