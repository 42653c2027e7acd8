"""Puts the Flask application together."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from flask import Flask
from werkzeug.routing import Map

from app.api import console, cors, docs, problems
from app.api.access_log import PROBES
from app.api.artifacts import artifacts
from app.api.assembly import assembled
from app.api.audit import audit
from app.api.batches import batches
from app.api.context import Context
from app.api.dead_letters import dead_letters
from app.api.disk import disk
from app.api.doors.entrance import Entrance
from app.api.doors.every import DOORS
from app.api.doors.options import DoorOptions
from app.api.doors.serving import opened
from app.api.events import events
from app.api.executions import executions
from app.api.health import health
from app.api.keys import keys
from app.api.languages import languages
from app.api.large_bodies import LargeBodies
from app.api.metrics import metrics
from app.api.operations import Operation
from app.api.queue import queue
from app.api.replays import replays
from app.api.routing import register, rule_of
from app.api.sessions import sessions, sign_in
from app.api.turnstile import Turnstile
from app.api.usage import usage
from app.api.workers import workers
from app.domain.execution import SECOND
from app.domain.origins import origins
from app.ports import Ports
from app.service.cached import Cached
from app.service.capacity import capacity_of
from app.service.gauges import gauges
from app.service.health import condition
from app.service.languages import Languages
from app.service.rate_limits import CpuDays
from app.service.waiting_places import WaitingPlaces

OPERATIONS: Final[Sequence[Operation]] = [
    operation
    for section in (
        *(executions, artifacts, usage, batches, languages),
        *(queue, workers, disk, dead_letters, events, replays, audit),
        *(sign_in, sessions, keys, health, metrics),
    )
    for operation in section.operations
]

OPEN_DOORS: Final = "OPEN_DOORS"
"""In the application's configuration: the doors, for the HTTP server's own errors."""
DISK_FRESH: Final = 300 * SECOND
"""How long metrics show the sizes of files that were once looked at, which can take seconds."""
WAITING_ANSWERS: Final = 580
"""Open streams and `?wait`s of one API process. The server's other threads serve the rest."""


@cache
def _addresses() -> Map:
    """The map of all applications: compiling it takes three quarters of making one."""
    rules = [*map(rule_of, OPERATIONS), *docs.rules(), *console.rules()]
    return Map(rules, merge_slashes=False)  # No redirects: a path is right, or is not found.


def make(ports: Ports, options: DoorOptions) -> Flask:
    app = assembled(__name__, _addresses(), ports, problems.document)
    cors.register(app, origins(ports.policy.cors_origins))
    entrance = Entrance(app.wsgi_app)
    app.wsgi_app = turnstile = Turnstile(entrance, exempt=PROBES.__contains__)  # type: ignore[method-assign]  # as Flask documents it
    stored = Cached(ports.disk.parts, ports.clock, DISK_FRESH)
    context = Context(
        ports,
        ports.policy,
        Languages(ports.runtime, ports.store.languages),
        WaitingPlaces(WAITING_ANSWERS),
        capacity_of(ports),
        CpuDays(ports.store.usage, ports.clock, ports.policy.cpu_day),
        turnstile,
        LargeBodies(turnstile),
        condition=Cached(lambda: condition(ports), ports.clock),
        exposition=Cached(lambda: ports.metrics.exposition(gauges(ports, stored.get)), ports.clock),
        doors=options,
    )
    for operation in OPERATIONS:
        register(app, context, operation)
    docs.register(app, OPERATIONS, ports.policy.input)
    console.register(app)
    app.config[OPEN_DOORS] = [door for door in DOORS if door.name in options.open]
    for door in app.config[OPEN_DOORS]:
        entrance.add(door, opened(door, context).wsgi_app)
    return app
