"""Mutates the rules, and reports how many mutants the unit tests kill and which ones survive.

    python -m tests.support.mutation

[tool.mutmut] in pyproject.toml names the modules and the tests. An interrupted run continues.
Exits with 1 if fewer than 90 % of the mutants are killed.
"""

import subprocess
import sys
from collections import Counter
from typing import Final

MUTMUT: Final = [sys.executable, "-m", "mutmut"]
AT_ONCE: Final = "2"
KILLED: Final = frozenset({"killed", "timeout", "segfault"})
"""What a test noticed. A mutant that never ends is noticed by its time-out."""
LEAST_KILLED: Final = 0.9


def main() -> int:
    subprocess.run([*MUTMUT, "run", "--max-children", AT_ONCE], check=True)
    results = _results()
    survivors = [name for name, status in results.items() if status not in KILLED]
    for name in survivors:
        print(f"\n{name}: {results[name]}\n{_changed_lines(name)}")
    score = 1 - len(survivors) / len(results)
    print(f"\n{len(results)} mutants: {dict(Counter(results.values()))}")
    print(f"{score:.1%} killed; docs/mutation.md says why the others survive")
    return 0 if score >= LEAST_KILLED else 1


def _results() -> dict[str, str]:
    """Every mutant's status, by its name."""
    lines = _output("results", "--all", "true").splitlines()
    pairs = (line.strip().rpartition(": ") for line in lines if ": " in line)
    return {name: status for name, _, status in pairs}


def _changed_lines(name: str) -> str:
    lines = _output("show", name).splitlines()
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def _output(*command: str) -> str:
    return subprocess.run([*MUTMUT, *command], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
