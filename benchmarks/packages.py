"""What importing a package costs in a jail, compared with the bare interpreter."""

import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Final

from app.domain.report import Phase
from benchmarks import bare, sandbox
from benchmarks.measure import in_turns, p50, p95, table, verdict
from benchmarks.sandbox import Sandbox
from sandbox.environments import FOLDER, Store
from tests.support.sandbox_daemon import a_pod, language

TITLE: Final = "Importing numpy (ms)"
BAR: Final = 20.0
_IMPORTS: Final = {"print(1)": "print(1)", "import numpy": "import numpy; print(1)"}
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_SECONDS_PER_LOOK: Final = 2.0

_numbers = count(1)


def run(*, quick: bool) -> str:
    """Needs a package index, from which it installs numpy."""
    with sandbox.daemon(bays=1) as running:
        data = running.daemon.folder / "data"
        command = [sys.executable, "-m", "sandbox.packages", "--data", str(data)]
        subprocess.run([*command, "add", "python", "numpy"], check=True, capture_output=True)
        site = _site(Store(data / FOLDER))
        cases = {
            (place, name): act
            for name, source in _IMPORTS.items()
            for place, act in {
                "bare": lambda source=source: _bare(source, site),
                "jail": lambda source=source: _in_jail(running, source),
            }.items()
        }
        times = in_turns(cases, rounds=3 if quick else 60)
    middle = {case: p50(taken) for case, taken in times.items()}
    costs = {
        place: middle[place, "import numpy"] - middle[place, "print(1)"]
        for place in ("bare", "jail")
    }
    more = costs["jail"] - costs["bare"]
    rows = [
        [f"{place}: `{name}`", p50(taken), p95(taken)] for (place, name), taken in times.items()
    ]
    return (
        f"{table(['', 'p50', 'p95'], rows)}\n\n"
        f"The import takes {costs['bare']:.1f} ms in the bare interpreter, "
        f"and {more:.1f} ms more in a jail (at most {BAR}: {verdict(more, BAR)})."
    )


def _site(store: Store) -> Path:
    (environment,) = store.installed().values()
    return store.builds / environment.build / environment.shown


def _bare(source: str, site: Path) -> None:
    """The same interpreter and the same files."""
    env = {**_ONE_THREAD, "PYTHONPATH": str(site)}
    done = subprocess.run([bare.PYTHON, "-c", source], env=env, capture_output=True, check=True)
    assert done.stdout == b"1\n"


def _in_jail(running: Sandbox, source: str) -> None:
    runtime = running.daemon.runtime
    pod = a_pod(language(runtime, "python"), source, name=f"import-{next(_numbers)}")
    runtime.create(pod)
    seen = runtime.observe(pod.name, _SECONDS_PER_LOOK)
    while seen and seen.phase not in (Phase.ENDED, Phase.FAULTED):
        seen = runtime.observe(pod.name, _SECONDS_PER_LOOK)
    output = runtime.output(pod.name)
    assert output
    assert output.run
    assert output.run.stdout == b"1\n"
    runtime.delete(pod.name)
