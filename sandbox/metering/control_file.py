"""Files by which the kernel takes and tells what concerns a control group."""

import os
from pathlib import Path


class ControlFile:
    """One of them, kept open."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY
        self._fd = os.open(path, flags | os.O_CLOEXEC)

    def text(self) -> str:
        return os.pread(self._fd, 4096, 0).decode()

    def read(self) -> int:
        return int(self.text())

    def field(self, name: str) -> int:
        """Of a file with a name and a number in each line; 0 where there is no such line."""
        return self.fields().get(name, 0)

    def fields(self) -> dict[str, int]:
        lines = (line.partition(" ") for line in self.text().splitlines())
        return {key: int(value) for key, _, value in lines}

    def write(self, value: int | str) -> None:
        os.pwrite(self._fd, str(value).encode(), 0)

    def close(self) -> None:
        os.close(self._fd)
