"""What the Flask applications of the API and of its doors have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response
from werkzeug.routing import Map

from app.api import access_log, audit, problems, rate_limits, request_id, security, traces
from app.api.metrics import count_answers
from app.api.problems import Problem
from app.domain.batch import MAX_BYTES
from app.ports import Ports


class Synchronous(Flask):
    """Flask asks whether each of seven functions is a coroutine, for each request. None is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def assembled(
    name: str,
    addresses: Map,
    ports: Ports,
    respond: Callable[[Problem, Mapping[str, str]], Response],
) -> Flask:
    """An application without views; `respond` gives its errors their form."""
    app = Synchronous(name, static_folder=None)
    app.url_map = addresses
    app.config["MAX_CONTENT_LENGTH"] = max(ports.policy.input.submission_bytes, MAX_BYTES)
    request_id.register(app)
    security.register(app)
    access_log.register(app)
    rate_limits.register(app)
    audit.register(app, ports)
    problems.register(app, respond)
    count_answers(app, ports.metrics)
    traces.end_with_response(app)
    return app
