"""The heartbeat of a worker or of beat: a file that is touched while the main thread is alive.

A probe checks only the age of the file, which takes milliseconds: docs/monitoring.md.
"""

import threading
from pathlib import Path
from typing import Final

from sandbox.private import touch

HEARTBEAT_SECONDS: Final = 2.0


class Heartbeat:
    """Touches the file, or does nothing where no file is set."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def beat(self) -> None:
        """Touch the file. Raises OSError where that fails.

        Only the main thread counts: the loops of the worker and of beat run there.
        """
        if self._file is not None and threading.current_thread() is threading.main_thread():
            touch(self._file)

    def retry(self) -> None:
        """Touch the file if it exists: called for each attempt to reach Redis.

        An attempt shows that the process is alive, but not that it has started successfully.
        """
        if self._file is not None and self._file.exists():
            self.beat()
