"""One log line per response. It has the route, because a path can contain anything."""

import logging
import time
from typing import Final

from flask import Flask, Response, g, request

from app import logs

log = logging.getLogger(__name__)

PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def register(app: Flask) -> None:
    """Register after request ids."""
    app.before_request(_begin)
    app.after_request(_log_request)


def _begin() -> None:
    g.began = time.perf_counter()
    logs.begin(g.request_id, (request.view_args or {}).get("execution_id"))


def _log_request(response: Response) -> Response:
    rule = request.url_rule
    method, route = (request.method, rule.rule) if rule else ("", "no route")
    milliseconds = round(1000 * (time.perf_counter() - g.began), 1)
    log.log(
        logging.DEBUG if route in PROBES else logging.INFO,
        "%s %s: %d in %s ms",
        *(method, route, response.status_code, milliseconds),
        extra={
            logs.FIELDS: {
                "method": method,
                "route": route,
                "status": response.status_code,
                "milliseconds": milliseconds,
            }
        },
    )
    return response
