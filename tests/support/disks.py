"""Small temporary file systems, and how to fill them. Mounting needs root, which CI has."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final, Literal

import pytest

Kind = Literal["tmpfs", "ext4"]
KINDS: Final[tuple[Kind, ...]] = ("tmpfs", "ext4")

_PAUSE_SECONDS: Final = 0.02
"""Between two checks for space that was freed."""


@contextmanager
def disk(kind: Kind, folder: Path, mib: float, name: str = "disk") -> Iterator[Path]:
    """Mount a file system on a new folder in this one."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system to fill it")
    place = folder / name
    place.mkdir()
    _MOUNT[kind](folder, place, int(mib * 1024 * 1024))
    place.chmod(0o700)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def _tmpfs(_: Path, place: Path, size: int) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], check=True)


def _ext4(folder: Path, place: Path, size: int) -> None:
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(size)
    # No blocks are reserved for root, who runs these tests.
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, place], check=True)


_MOUNT: Final[dict[Kind, Callable[[Path, Path, int], None]]] = {"tmpfs": _tmpfs, "ext4": _ext4}


@contextmanager
def kept_full(place: Path) -> Iterator[None]:
    """Leave no space, and take at once what others free."""
    stop = Event()
    filler = place / "filler"
    with filler.open("ab", buffering=0) as file:
        _fill(file.write)
        thread = Thread(target=_keep_full, args=[file.write, stop])
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            filler.unlink()


def _keep_full(write: Callable[[bytes], object], stop: Event) -> None:
    while not stop.wait(_PAUSE_SECONDS):
        _fill(write)


def _fill(write: Callable[[bytes], object]) -> None:
    for size in (256 * 1024, 4096, 256, 1):
        with suppress(OSError):
            while True:
                write(bytes(size))
