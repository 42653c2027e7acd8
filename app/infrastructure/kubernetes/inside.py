"""What is inside a pod: its containers' commands, its volumes, and who may do what with them.

Two containers, for the program must not touch its own bookkeeping:

- `collector`, of our image, which holds nothing but `init`, `collector` and the files of
  sandbox.line. It puts init, its FIFOs and those files into `channel`, hands init the
  stages, caps what the program prints, writes that to its own log (transcript.py), and how the pod
  ended to its log and, as its termination message, to TERMINATION_LOG. It exits with 0 if it could
  do all this; with 1 if not, and then the end record is a fault.
- `main`, of the language's image. MAIN_COMMAND waits for init and becomes it, so that init is pid 1
  there (no shared process namespace, and restartPolicy Never: once ended it can't be used again).
  init takes the stages, enforces wall and CPU time, and exits once the collector closes CONTROL.

| Volume | In collector | In main | |
|---|---|---|---|
| ConfigMap, key STAGES | INPUT, read-only | not at all | never seen by the program |
| emptyDir in memory, 2 MiB | CHANNEL | CHANNEL, read-only | init, the FIFOs and LINE |
| emptyDir in memory, `disk_mib` | not at all | each of WRITABLE at its subPath | all it can write |

Each container has a uid of its own and no capability; their root is read-only, and nothing of a
submission is in their command, environment or names. main's uid belongs to no other pod of the
node, for RLIMIT_NPROC counts by uid. Its image needs `sh` and `sleep`, /dev/null and /proc, and the
language's executable at one of the paths in languages.toml that name no home folder.

Which container may still be there once the other is gone: collector gone, init ends at once and all
with it; main gone, the collector says so in its end record and exits. Of a main that is gone
before the two have met it hears nothing: observation.py sees that.
"""

from collections.abc import Mapping
from typing import Final

STAGES: Final = "stages"
"""The one key of the ConfigMap's binaryData; its value is input.stages()."""

INPUT: Final = "/podline/input"
CHANNEL: Final = "/podline/channel"
LINE: Final = f"{CHANNEL}/line"
"""Where main has the files of sandbox.line; the collector has them in /podline/line."""
TERMINATION_LOG: Final = "/dev/termination-log"

WRITABLE: Final[Mapping[str, str | None]] = {
    "/box": None,
    "/tmp": "tmp",
    "/var/tmp": "tmp",
    "/dev/shm": "shm",
}
"""Paths in main, and the part of the one volume that is there: so one size limits them all."""

COLLECTOR_COMMAND: Final = ("/podline/collector",)
MAIN_COMMAND: Final = (
    "/bin/sh",
    "-c",
    f"until [ -x {CHANNEL}/init ]; do sleep 0.01; done; exec {CHANNEL}/init {CHANNEL}",
)
