"""Restores what an earlier release stored; see record.py."""

import json
import shutil
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pymongo
import redis

RELEASES = Path(__file__).parent
"""A folder for each release, named after its commit."""


def read(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


def restore_files(folder: Path, to: Path) -> None:
    """The database and the event log, in files."""
    for file in folder.glob("*.db"):
        shutil.copy(file, to)


def restore_documents(folder: Path, url: str) -> None:
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        database = client.get_default_database()
        for name, documents in read(folder, "documents.json").items():
            if documents:
                database[name].insert_many(map(_document, documents))


def restore_redis(folder: Path, client: redis.Redis) -> None:
    for key, stored in read(folder, "redis.json").items():
        match stored["type"], stored["value"]:
            case "string", text:
                client.set(key, text)
            case "hash", fields:
                client.hset(key, mapping=fields)
            case "zset", members:
                client.zadd(key, dict(members))
            case "stream", entries:
                for id, fields in entries:
                    client.xadd(key, fields, id)
            case other, _:
                raise ValueError(other)


def _document(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "$binary" in value:
            return b64decode(value["$binary"])
        return {name: _document(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_document(item) for item in value]
    return value
