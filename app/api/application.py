"""Puts the Flask application together."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from flask import Flask
from werkzeug.routing import Map

from app.api import access_log, cors, docs, problems, rate_limits, request_id, security
from app.api.access_log import PROBES
from app.api.artifacts import artifacts
from app.api.batches import batches
from app.api.context import Context
from app.api.dead_letters import dead_letters
from app.api.events import events
from app.api.executions import executions
from app.api.health import health
from app.api.keys import keys
from app.api.languages import languages
from app.api.large_bodies import LargeBodies
from app.api.metrics import count_answers, metrics
from app.api.operations import Operation
from app.api.queue import queue
from app.api.replays import replays
from app.api.routing import register, rule_of
from app.api.sessions import sessions, sign_in
from app.api.turnstile import Turnstile
from app.api.usage import usage
from app.api.workers import workers
from app.domain.batch import MAX_BYTES
from app.domain.origins import origins
from app.ports import Ports
from app.service.cached import Cached
from app.service.capacity import capacity_of
from app.service.gauges import gauges
from app.service.health import health as health_of
from app.service.languages import Languages
from app.service.rate_limits import CpuDays
from app.service.waiting_places import WaitingPlaces

OPERATIONS: Final[Sequence[Operation]] = [
    operation
    for section in (
        *(executions, artifacts, usage, batches, languages),
        *(queue, workers, dead_letters, events, replays),
        *(sign_in, sessions, keys, health, metrics),
    )
    for operation in section.operations
]

WAITING_ANSWERS: Final = 580
"""Open streams and `?wait`s of one API process. The server's other threads serve the rest."""


class Synchronous(Flask):
    """Flask asks whether each of seven functions is a coroutine, for each request. None is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


@cache
def _addresses() -> Map:
    """The map of all applications: compiling it takes three quarters of making one."""
    rules = [*map(rule_of, OPERATIONS), *docs.rules()]
    return Map(rules, merge_slashes=False)  # No redirects: a path is right, or is not found.


def make(ports: Ports) -> Flask:
    app = Synchronous(__name__, static_folder=None)
    app.url_map = _addresses()
    app.config["MAX_CONTENT_LENGTH"] = max(ports.policy.input.submission_bytes, MAX_BYTES)
    request_id.register(app)
    security.register(app)
    access_log.register(app)
    rate_limits.register(app)
    problems.register(app)
    count_answers(app, ports.metrics)
    cors.register(app, origins(ports.policy.cors_origins))
    app.wsgi_app = turnstile = Turnstile(app.wsgi_app, exempt=PROBES.__contains__)  # type: ignore[method-assign]  # as Flask documents it
    context = Context(
        ports,
        ports.policy,
        Languages(ports.runtime, ports.store.languages),
        WaitingPlaces(WAITING_ANSWERS),
        capacity_of(ports),
        CpuDays(ports.store.usage, ports.clock, ports.policy.cpu_day),
        turnstile,
        LargeBodies(turnstile),
        health=Cached(lambda: health_of(ports), ports.clock),
        exposition=Cached(lambda: ports.metrics.exposition(gauges(ports)), ports.clock),
    )
    for operation in OPERATIONS:
        register(app, context, operation)
    docs.register(app, OPERATIONS, ports.policy.input)
    return app
