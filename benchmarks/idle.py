"""What a running `podline up` costs while nothing is asked of it: memory (PSS) and CPU.

    python benchmarks/idle.py [--data-dir .podline] [--seconds 60]

PSS counts a page that several processes share once in all, so the sum is what the whole costs.
"""

import argparse
import os
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

_TICKS = os.sysconf("SC_CLK_TCK")


class Sample(NamedTuple):
    """One process now."""

    command: str
    cpu_seconds: float
    pss_mib: float


def process_tree(root: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat_fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    tree = [root]
    for pid in tree:
        tree += children.get(pid, [])
    return tree


def stat_fields(pid: int) -> list[str]:
    """Those after the command in proc_pid_stat(5); none if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def sample(pid: int) -> Sample | None:
    """None if the process is gone."""
    fields = stat_fields(pid)
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        words = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
    except OSError:
        return None
    pss_kib = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    ticks = int(fields[11]) + int(fields[12])
    return Sample(short(words), ticks / _TICKS, pss_kib / 1024)


def short(words: list[str]) -> str:
    """Program or module, and the two words after the options that every one has."""
    names = [Path(word).name for word in words if not word.startswith("-")]
    return " ".join(names[:5])


def samples(root: int) -> dict[int, Sample]:
    return {pid: taken for pid in process_tree(root) if (taken := sample(pid))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=Path(".podline"))
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    root = int((arguments.data_dir / "up.lock").read_text())

    before = samples(root)
    time.sleep(arguments.seconds)
    after = samples(root)

    table = Table("pid", "process", "PSS, MiB", "CPU, % of a core", box=None)
    total_pss = total_cpu = 0.0
    for pid, now in after.items():
        since = before[pid].cpu_seconds if pid in before else 0.0
        cpu = 100 * (now.cpu_seconds - since) / arguments.seconds
        table.add_row(str(pid), now.command, f"{now.pss_mib:.1f}", f"{cpu:.2f}")
        total_pss += now.pss_mib
        total_cpu += cpu
    table.add_row("", "all", f"{total_pss:.1f}", f"{total_cpu:.2f}", style="bold")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
