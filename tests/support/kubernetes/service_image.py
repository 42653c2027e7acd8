"""The service's image on the cluster: Debian's Python, our code and its dependencies."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
PLACE: Final = "/opt/podline"
_FOR_ISOLATED_PYTHON: Final = "/usr/lib/python3/dist-packages/podline.pth"
"""`python3 -I`, which runs pip, ignores PYTHONPATH."""
_SOURCES: Final = ("app", "tasks", "podline", "sandbox")
_FILES: Final = ("celeryconfig.py", "setup.cfg", "setup.py", "pyproject.toml", "constraints.txt")
_RUN_THERE: Final = frozenset({".py", ".toml", ".lua", ".html"})
"""Other files, such as compiled ones, change with the package, which the tag does not follow."""
_FOR_DEBIAN: Final = ("async-timeout",)
"""redis needs it with Python before 3.11.3, and pip checks the Python that runs it."""


def name() -> str:
    """Return the image's name, with a tag by its content, so that no test uses an old build."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted((*_source_files(), *(ROOT / file for file in _FILES))):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return f"podline/service:test-{digest.hexdigest()[:12]}"


def make(command: Sequence[str], image: str, packages: Sequence[str] = ("python3",)) -> None:
    """Build the image with the same version of Python, so that compiled packages match."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the image has its mode, and its user is another
        _install(folder, "--constraint", str(ROOT / "constraints.txt"), *_requirements())
        _install(folder, "--no-deps", str(ROOT))
        isolated = Path(folder, "podline.pth")
        isolated.write_text(PLACE)
        isolated.chmod(0o644)
        arguments = [image, "--packages", ",".join(packages), "--add", f"{folder}:{PLACE}"]
        arguments += ["--add", f"{isolated}:{_FOR_ISOLATED_PYTHON}"]
        subprocess.run([*command, *arguments, "--env", f"PYTHONPATH={PLACE}"], check=True)


def _source_files() -> list[Path]:
    found = (path for source in _SOURCES for path in (ROOT / source).rglob("*"))
    return [path for path in found if path.suffix in _RUN_THERE]


def _requirements() -> list[str]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    used = (extras[name] for name in ("server", "sandbox", "mcp"))
    named = "\n".join([setup["options"]["install_requires"], *used])
    return [*filter(None, named.split("\n")), *_FOR_DEBIAN]


def _install(folder: str, *what: str) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", folder, "--upgrade", *what], check=True)
