"""Python without the packages that something must not need."""

import subprocess
import sys
from typing import Final

_ONLY: Final = """
import importlib.metadata as metadata, re, sys

def allow_only(package, *modules_too):
    needed, found = [package], set()
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
    allowed.update(modules_too)

    class Blocker:
        def find_spec(self, name, path=None, target=None):
            root = name.partition(".")[0]
            if root not in sys.stdlib_module_names and root not in allowed:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Blocker())

"""


def run_with_only(
    package: str, *modules_too: str, script: str, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a script where only the package, what it requires, and these modules can be imported."""
    allowed = ", ".join(map(repr, (package, *modules_too)))
    return subprocess.run(
        [sys.executable, "-c", f"{_ONLY}\nallow_only({allowed})\n{script}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
