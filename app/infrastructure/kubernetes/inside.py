"""The inside of a pod: its containers' commands, its volumes, and the access to them.

There are two containers, because the program must not reach what watches it:

- `collector` runs our image, which contains only `init`, `collector` and the files of sandbox.line.
  It puts init, its FIFOs and those files into `channel`, passes the stages to init, limits the
  program's output, writes it to its own log (transcript.py), has init send the files that the pod
  asks for and writes them there too, and writes the end record to its log and, as its termination
  message, to TERMINATION_LOG. It exits with 0 if it could do all this, and otherwise with 1 and a
  fault as the end record.
- `main` runs the language's image. MAIN_COMMAND waits for init and becomes it, so that init is its
  pid 1 (no shared process namespace, and restartPolicy Never, so that it runs only once). init
  takes the stages, enforces wall and CPU time, and exits once the collector closes CONTROL.

| Volume | In collector | In main | |
|---|---|---|---|
| ConfigMaps, key STAGES | INPUT, read-only | not mounted | the program never sees it |
| emptyDir in memory, 2 MiB | CHANNEL | CHANNEL, read-only | init, the FIFOs, LINE, and PROGRAM |
| emptyDir in memory, `disk_mib` | not mounted | each of WRITABLE, by subPath | all it can write |

Each container has its own uid, no capabilities and a read-only root. Nothing from a submission is
in its command, environment or names. main's uid belongs to no other pod on the node, because
RLIMIT_NPROC counts by uid. Its image needs `sh` and `sleep`, /dev/null and /proc, and the
language's executable at one of the paths in languages.toml that is not in a home folder.

If the collector ends first, init ends at once with all its processes. If main ends first, the
collector reports it in its end record and exits. It can't notice a main that ends before the two
have connected; observation.py detects that.
"""

from collections.abc import Mapping
from typing import Final

STAGES: Final = "stages"
"""The only key in the binaryData of each ConfigMap. Their values together are input.stages()."""


def part_of_stages(number: int) -> str:
    """Return the name of a part's file in INPUT."""
    return f"{STAGES}.{number}"


INPUT: Final = "/podline/input"
CHANNEL: Final = "/podline/channel"
LINE: Final = f"{CHANNEL}/line"
"""The files of sandbox.line in main. The collector has them in /podline/line."""
PROGRAM: Final = f"{CHANNEL}/program"
"""What the compile stage made, for all runs."""
TERMINATION_LOG: Final = "/dev/termination-log"

WRITABLE: Final[Mapping[str, str]] = {
    "/box": "box",
    "/tmp": "tmp",
    "/var/tmp": "tmp",
    "/dev/shm": "shm",
}
"""Paths in main, each a folder of the same volume, so that one size limits them all.

The folders are the kubelet's, so no program can remove them. init empties them before each run.
"""

COLLECTOR_COMMAND: Final = ("/podline/collector",)
AHEAD: Final = "ahead"
"""The collector's argument in a pod that is started ahead. It has no INPUT: the stages come over
its stdin (handover.py).
"""
MAIN_COMMAND: Final = (
    "/bin/sh",
    "-c",
    f"until [ -x {CHANNEL}/init ]; do sleep 0.01; done; exec {CHANNEL}/init {CHANNEL}",
)
