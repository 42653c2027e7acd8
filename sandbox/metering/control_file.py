"""Files through which the kernel controls a control group and reports on it."""

import os
from pathlib import Path


class ControlFile:
    """A control file that is kept open."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY
        self._fd = os.open(path, flags | os.O_CLOEXEC)

    def text(self) -> str:
        return os.pread(self._fd, 4096, 0).decode()

    def read(self) -> int:
        return int(self.text())

    def field(self, name: str) -> int:
        """The number behind the name, in a file of names and numbers; 0 if it is not there."""
        return self.fields().get(name, 0)

    def fields(self) -> dict[str, int]:
        lines = (line.partition(" ") for line in self.text().splitlines())
        return {key: int(value) for key, _, value in lines}

    def write(self, value: int | str) -> None:
        os.pwrite(self._fd, str(value).encode(), 0)

    def close(self) -> None:
        os.close(self._fd)
