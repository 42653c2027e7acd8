"""The package needs only httpx."""

import subprocess
import sys

ONLY_HTTPX = """
import importlib.metadata as metadata, re, sys

needed, found = ["httpx"], set()
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
        re.match("[A-Za-z0-9_.-]+", requirement)[0]
        for requirement in requirements
        if "extra" not in requirement
    ]
modules = metadata.packages_distributions()
allowed = {module for module, names in modules.items() if found & set(names)} | {"podline"}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in sys.stdlib_module_names and root not in allowed:
            raise ModuleNotFoundError(f"{name} is not httpx")

sys.meta_path.insert(0, Blocker())
for name in ("click", "pydantic", "app"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{name} was not blocked")

import podline
podline.Client("http://127.0.0.1:8000", "key").close()
"""


def test_import_with_nothing_but_httpx() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONLY_HTTPX], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
