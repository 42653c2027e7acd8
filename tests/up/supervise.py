"""`python -m tests.up.supervise FOLDER CHILDREN` supervises the children in a JSON text.

It prints each report on a line.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from app.cli.up import probes
from app.cli.up.child import Child, Program
from app.cli.up.supervisor import Supervisor
from sandbox.systemd import Systemd


class Printer:
    def ready(self, children: Sequence[Child]) -> None:
        self._print("ready", *(f"{child.program.name}={child.pid}" for child in children))

    def restarted(self, child: Child) -> None:
        self._print("restarted", child.program.name, child.pid)

    def died(self, child: Child, status: int, pause: float) -> None:
        self._print("died", child.program.name, status, round(pause, 1))

    def hung(self, child: Child) -> None:
        self._print("hung", child.program.name)

    def draining(self) -> None:
        self._print("draining")

    def stopping(self) -> None:
        self._print("stopping")

    def killed(self, child: Child) -> None:
        self._print("killed", child.program.name)

    @staticmethod
    def _print(*words: object) -> None:
        print(*words, flush=True)


class Description(TypedDict, total=False):
    """A child: a Python program that writes its pid to `<name>.ready` once it is ready."""

    code: str
    needs: list[str]
    stop_seconds: float
    gives_up: int
    touched: str
    """A file that it touches while it is alive."""


def program(folder: Path, name: str, described: Description) -> Program:
    ready_file = folder / f"{name}.ready"
    return Program(
        name=name,
        argv=(sys.executable, "-c", described["code"], name),
        ready=lambda pid: ready_file.exists() and ready_file.read_text() == str(pid),
        needs=tuple(described.get("needs", [])),
        alive=probes.Touched(folder / described["touched"]) if "touched" in described else bool,
        patience=2,
        gives_up=described.get("gives_up"),
        stop_seconds=described.get("stop_seconds", 10),
    )


def main(folder: Path, described: dict[str, Description]) -> None:
    children = [
        Child(program(folder, name, description), folder / f"{name}.log", folder)
        for name, description in described.items()
    ]
    # Children are drained if the test made a file that says whether they have.
    drained = folder / "drained"
    drain = (lambda: drained.read_text() == "yes") if drained.exists() else None
    systemd = Systemd.take(os.environ)
    Supervisor(children, folder / "children.json", Printer(), drain, systemd=systemd).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
