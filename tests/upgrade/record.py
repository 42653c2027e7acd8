"""Records what a release of Podline stores, as test data for later releases.

    python tests/upgrade/record.py PODLINE FOLDER [MONGODB_URL]

PODLINE is the release's `podline` command. The script starts `podline up`, brings executions, dead
letters, keys and replays into every state through the HTTP API, and then stops all processes at
once, so that executions stay queued and running. It writes to FOLDER the databases, the contents of
Redis, the API keys, and `answers.json`, the API's responses about everything. It uses nothing of
the release except its command and its API.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import psutil
import pymongo
import redis

SETTINGS = {
    "PODLINE_PORT": "0",
    "PODLINE_FLOWER_PORT": "0",
    "PODLINE_MAX_RUNNING": "2",
    "PODLINE_MAX_ATTEMPTS": "1",
    "PODLINE_RETENTION_SECONDS": "31536000",
    "PODLINE_DLQ_MAX_RETRIES": "0",
}
FOREVER = "import time\nprint('begun', flush=True)\ntime.sleep(500)\n"
FINISHED = ("completed", "failed", "cancelled")


def until(found: Callable[[], Any], within: float = 60) -> Any:
    end = time.monotonic() + within
    while time.monotonic() < end:
        with suppress(httpx.HTTPError, OSError, AssertionError):
            if value := found():
                return value
        time.sleep(0.1)
    raise TimeoutError(found)


class Recording:
    def __init__(self, podline: str, folder: Path, mongodb: str | None) -> None:
        self.folder = folder
        self.data = Path(tempfile.mkdtemp(prefix="podline-"))
        options = ["--mongodb", mongodb] if mongodb else []
        self.mongodb = mongodb
        self.up = subprocess.Popen(
            [podline, "up", "--data-dir", str(self.data), *options], env=os.environ | SETTINGS
        )
        url = until(lambda: (self.data / "url").read_text().strip())
        key = (self.data / "key").read_text().strip()
        self.keys = {"admin": key}
        self.api = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=70
        )
        until(lambda: self.api.get("/readyz").status_code == 200)
        self.redis = redis.Redis(
            unix_socket_path=str(self.data / "run" / "redis.sock"), decode_responses=True
        )

    def call(self, method: str, path: str, **options: Any) -> Any:
        response = self.api.request(method, f"/api/v1{path}", **options)
        assert response.is_success, (method, path, response.text)
        return response.json() if response.content else None

    def submit(
        self, source: str, *, wait: float = 60, language: str = "python", **rest: Any
    ) -> Any:
        headers = rest.pop("headers", {})
        body = {"language": language, "source": source, **rest}
        return self.call("POST", f"/executions?wait={wait}", json=body, headers=headers)

    def is_in(self, execution_id: str, *states: str) -> Callable[[], bool]:
        return lambda: self.call("GET", f"/executions/{execution_id}")["state"] in states

    def child(self, *words: str) -> psutil.Process:
        for process in psutil.Process(self.up.pid).children():
            if all(any(word in part for part in process.cmdline()) for word in words):
                return process
        raise AssertionError(words)

    def completed(self) -> None:
        self.submit("print(input())", stdin="hello\n", labels={"course": "c1", "a.b": "$x"})
        self.submit("print(1)", expected_output="2", priority="high")
        self.submit("import sys; sys.exit(3)")
        self.submit("import os; os.kill(os.getpid(), 11)")
        self.submit("while True: pass", limits={"wall_seconds": 1, "cpu_seconds": 1})
        self.submit("print('x' * 3000)", limits={"output_kib": 1})
        self.submit("int main(void) { return 0 }", language="c")
        self.submit(r"import sys; sys.stdout.buffer.write(b'\xff\x00')", priority="background")
        self.submit("int main(void) { return 0; }", language="c", args=["a"], env={"B": "c"})

    def kept_by_key(self) -> None:
        once = {"Idempotency-Key": "homework-17"}
        assert self.submit("print('once')", headers=once) == self.submit(
            "print('once')", headers=once
        )

    def retried_and_erased(self) -> None:
        first = self.submit("print('again')")
        again = self.call("POST", f"/executions/{first['id']}/retry")
        until(self.is_in(again["id"], *FINISHED))
        gone = self.submit("print('gone')")
        self.call("DELETE", f"/executions/{gone['id']}")

    def cancelled(self) -> None:
        running = self.submit(FOREVER, wait=0)
        until(self.is_in(running["id"], "running"))
        self.call("POST", f"/executions/{running['id']}/cancel")
        until(self.is_in(running["id"], "cancelled"))

    def failed(self) -> None:
        """The sandbox dies, and there is no second attempt."""
        running = self.submit(FOREVER, wait=0)
        until(self.is_in(running["id"], "running"))
        sandbox = self.child("sandbox")
        for process in [sandbox, *sandbox.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        until(self.is_in(running["id"], "failed"))
        until(lambda: self.api.get("/readyz").status_code == 200)

    def message(self, task: str, arguments: list[str]) -> bytes:
        body = b64encode(json.dumps([arguments, {}, {}]).encode()).decode()
        delivery = {"exchange": "", "routing_key": "pods"}
        message = {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"task": task, "id": "0d9b9e5c-1", "lang": "py"},
            "properties": {
                "body_encoding": "base64",
                "delivery_info": delivery,
                "delivery_mode": 2,
                "delivery_tag": "1",
                "priority": 0,
            },
        }
        return json.dumps(message).encode()

    def dead_letters(self) -> None:
        self.redis.lpush("pods", self.message("podline.pods.unheard_of", ["01J"]))
        self.redis.lpush("pods", self.message("podline.pods.create", ["01J", "one too many"]))
        letters = until(lambda: self.letters(3))
        poison = next(letter for letter in letters if letter["kind"] == "poison")
        self.call("POST", f"/dead-letters/{poison['id']}/discard")

    def letters(self, least: int) -> Any:
        items = self.call("GET", "/dead-letters")["items"]
        return items if len(items) >= least else None

    def make_keys(self) -> None:
        alice = self.call("POST", "/keys", json={"name": "alice", "role": "user"})
        self.call("POST", "/keys", json={"name": "olga", "role": "operator", "max_unfinished": 7})
        self.keys["alice"] = alice["key"]
        mine = {"Authorization": f"Bearer {alice['key']}"}
        self.submit("print('mine')", headers=mine)

    def replays(self) -> None:
        for body in (
            {"mode": "reemit", "target": "again"},
            {"mode": "rebuild", "target": "sqlite:///rebuilt.db", "dry_run": True},
        ):
            replay = self.call("POST", "/replays", json=body)
            until(self.replay_has_ended(replay["id"]))

    def replay_has_ended(self, replay_id: str) -> Callable[[], bool]:
        return lambda: self.call("GET", f"/replays/{replay_id}")["status"] in FINISHED

    def unfinished(self) -> None:
        running = [self.submit(FOREVER, wait=0)["id"] for _ in range(2)]
        for execution_id in running:
            until(self.is_in(execution_id, "running"))
        for priority in ("normal", "low"):
            self.submit("print('later')", wait=0, priority=priority, labels={"when": "later"})
        Thread(target=self.watch, args=(running[0],), daemon=True).start()
        until(lambda: self.redis.keys("podline:live:*"))

    def watch(self, execution_id: str) -> None:
        with (
            suppress(httpx.HTTPError),
            self.api.stream("GET", f"/api/v1/executions/{execution_id}/stream") as lines,
        ):
            for _ in lines.iter_lines():
                pass

    def parked(self) -> None:
        """A failure that the database could not store stays in Redis."""
        with closing(sqlite3.connect(self.data / "podline.db", isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            self.redis.lpush("pods", self.message("podline.pods.parked", ["01K"]))
            until(lambda: self.redis.exists("podline:parking"))
            self.freeze()
            lock.execute("ROLLBACK")

    def freeze(self) -> None:
        """Only the API continues: nothing changes any more."""
        for process in psutil.Process(self.up.pid).children(recursive=True):
            if {"worker", "beat"} & set(process.cmdline()):
                process.suspend()

    def answers(self) -> None:
        """What the API says about everything, by path."""
        found: dict[str, Any] = {}
        for name in ("executions", "dead-letters", "keys", "replays", "events"):
            page = self.call("GET", f"/{name}?limit=100" if name != "keys" else "/keys")
            assert not page.get("next_cursor"), name
            found[f"/{name}"] = page
            if name in ("executions", "dead-letters", "replays"):
                for item in page["items"]:
                    path = f"/{name}/{item['id']}"
                    found[path] = self.call("GET", path)
                    if name == "executions":
                        found[f"{path}/events"] = self.call("GET", f"{path}/events")
        found["/queue"] = self.call("GET", "/queue")
        self.write("answers.json", found)
        self.write("keys.json", self.keys)

    def relayed(self) -> bool:
        """All events except those of the last second are in the log."""
        metrics = self.api.get("/metrics").text
        return "podline_outbox_executions 0.0" in metrics

    def write(self, name: str, value: dict[str, Any]) -> None:
        """A line for each member, so that a change can be read."""
        members = (f"{json.dumps(key)}: {json.dumps(value[key])}" for key in sorted(value))
        (self.folder / name).write_text("{\n" + ",\n".join(members) + "\n}\n")

    def dump_redis(self) -> None:
        keys: dict[str, Any] = {}
        read: dict[str, Callable[[str], Any]] = {
            "string": self.redis.get,
            "hash": self.redis.hgetall,
            "zset": lambda key: self.redis.zrange(key, 0, -1, withscores=True),
            "stream": self.redis.xrange,
        }
        for key in map(str, self.redis.keys("podline:*")):
            kind = str(self.redis.type(key))
            keys[key] = {"type": kind, "value": read[kind](key)}
        self.write("redis.json", keys)

    def stop(self) -> None:
        processes = psutil.Process(self.up.pid).children(recursive=True)
        for process in [psutil.Process(self.up.pid), *processes]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.up.wait()
        psutil.wait_procs(processes, timeout=10)

    def dump_databases(self) -> None:
        if self.mongodb:
            self.dump_mongodb()
            return
        for name in ("podline.db", "events.db"):
            compact(self.data / name, self.folder / name)

    def dump_mongodb(self) -> None:
        with pymongo.MongoClient[dict[str, Any]](self.mongodb) as client:
            database = client.get_default_database()
            self.write(
                "documents.json",
                {
                    name: [as_json(document) for document in database[name].find()]
                    for name in database.list_collection_names()
                },
            )


def as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$binary": b64encode(value).decode()}
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value


def compact(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA page_size = 1024")
        connection.execute("VACUUM")
    target.write_bytes(source.read_bytes())


def main(podline: str, folder: str, mongodb: str | None = None) -> None:
    Path(folder).mkdir(parents=True)
    recording = Recording(podline, Path(folder).absolute(), mongodb)
    try:
        recording.completed()
        recording.kept_by_key()
        recording.retried_and_erased()
        recording.cancelled()
        recording.failed()
        recording.dead_letters()
        recording.make_keys()
        until(recording.relayed)
        recording.replays()
        recording.unfinished()
        until(recording.relayed)
        if not mongodb:
            recording.parked()
        recording.freeze()
        recording.answers()
        recording.dump_redis()
    finally:
        recording.stop()
    recording.dump_databases()


if __name__ == "__main__":
    main(*sys.argv[1:])
