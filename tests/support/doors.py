"""A door, called as its clients call it: the requests go through the whole WSGI application."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from app.api.doors.options import DoorOptions
from app.domain.api_key import Role
from app.domain.execution import State
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.service import keys
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker


class AtOnce(MemoryPipeline):
    """Runs each program in the thread that submits it, so that no request has to wait."""

    worker: Worker | None = None
    _running = False

    def start(
        self,
        execution_id: str,
        state: State,
        place: str | None = None,
        group: str | None = None,
        *,
        next_here: bool = False,
    ) -> None:
        super().start(execution_id, state, place, group, next_here=next_here)
        if self.worker is not None and not self._running:
            self._running = True
            self.worker.run_all()
            self._running = False


@dataclass(frozen=True, slots=True)
class DoorClient:
    """Calls a door with a key, if it has one. A problem document fails the test."""

    app: Flask
    twins: Twins
    key: str | None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def worker(self) -> Worker:
        return Worker(self.twins.ports)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, json: object = None, **options: Any) -> TestResponse:
        return self.call("POST", path, json=json, **options)

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = self.headers | dict(options.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("Authorization", self.key)
        response = self.app.test_client().open(path, method=method, headers=headers, **options)
        assert response.headers["X-Request-Id"]
        assert response.mimetype != "application/problem+json"
        return response


def open_door(name: str, *, runs: bool = True, **options: Any) -> DoorClient:
    """A client of the door, whose programs run at once; with `runs=False`, they stay queued."""
    pipeline = AtOnce()
    twins = make_twins(pipeline=pipeline, **options.pop("policy", {}))
    if runs:
        pipeline.worker = Worker(twins.ports)
    app = create_app(twins.ports, DoorOptions(open=frozenset({name}), **options))
    return DoorClient(app, twins, a_key(twins))


def a_key(twins: Twins, door: str | None = None, name: str = "ada") -> str:
    """The secret of a new key."""
    ports = twins.ports
    return keys.create(ports.store.keys, ports.clock, name, Role.USER, door=door)[1]
