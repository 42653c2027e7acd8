"""Traces of requests. Those that only read are left out: nothing follows from them."""

from typing import Final

from flask import Flask, Response, g, request

from app.api.auth import CHANGES_NOTHING
from app.ports import Tracing

HEADER: Final = "traceparent"
"""https://www.w3.org/TR/trace-context/#traceparent-header"""


def trace_requests(app: Flask, tracing: Tracing) -> None:
    """Register after what begins the log of a request."""

    def begin() -> None:
        # A client can send any path and any method.
        if request.url_rule is not None and request.method not in CHANGES_NOTHING:
            route = request.url_rule.rule
            g.end_trace = tracing.request(request.method, route, request.headers.get(HEADER))

    def end(response: Response) -> Response:
        if "end_trace" in g:
            g.end_trace(response.status_code)
        return response

    app.before_request(begin)
    app.after_request(end)
