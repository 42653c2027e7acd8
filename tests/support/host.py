"""What a program must not reach: a file, two listeners, and the service's own folder."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    folder: Path
    file: Path
    """A file that everybody can read."""
    tcp: socket.socket
    abstract: socket.socket
    """An abstract unix socket, which has no file and so no permissions."""

    @property
    def env(self) -> dict[str, str]:
        """Tells a program where everything is, so that it needn't guess."""
        return {
            "HOST_FOLDER": str(self.folder),
            "HOST_FILE": str(self.file),
            "HOST_PORT": str(self.tcp.getsockname()[1]),
            "HOST_SOCKET": self.abstract.getsockname()[1:].decode(),
        }

    def was_reached(self) -> bool:
        return _has_caller(self.tcp) or _has_caller(self.abstract)


@contextmanager
def a_host(folder: Path) -> Iterator[Host]:
    file = folder / "secret"
    file.write_text("secret\n")
    file.chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0podline-{tcp.getsockname()[1]}")
        abstract.listen()
        yield Host(folder=folder, file=file, tcp=tcp, abstract=abstract)


def _has_caller(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
