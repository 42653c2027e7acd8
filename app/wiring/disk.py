"""What the service keeps on this machine's disk."""

from pathlib import Path

from app.ports import Disk
from app.settings import Settings
from app.settings.folders import BLOBS, SANDBOX
from app.settings.urls import sqlite_path


def make_disk(settings: Settings) -> Disk:
    from app.infrastructure.folder.disk import FolderDisk

    return FolderDisk(settings.data_dir, _parts(settings))


def _parts(settings: Settings) -> dict[Path, str]:
    data, sandbox = settings.data_dir, settings.data_dir / SANDBOX
    parts = {
        data / BLOBS: "blobs",
        sandbox / "programs": "compiled programs",
        sandbox / "packages": "packages",
        sandbox / "pods": "pods",
        data / "logs": "logs",
        data / "metrics": "counters",
        settings.replay_dir: "replays",
    }
    for name, url in (("database", settings.database_url), ("event log", settings.event_log_url)):
        if path := sqlite_path(url):
            parts[path] = name
            parts |= {Path(f"{path}-{suffix}"): f"{name}'s write-ahead log" for suffix in _BESIDE}
    return parts


_BESIDE = ("wal", "shm")
