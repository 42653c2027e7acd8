"""Traces of requests. Those that only read are left out: nothing follows from them."""

from typing import Final

from flask import Flask, Response, g, request

from app.api.auth import CHANGES_NOTHING
from app.ports import Tracing

HEADER: Final = "traceparent"
"""https://www.w3.org/TR/trace-context/#traceparent-header"""


def begin(tracing: Tracing) -> None:
    """Begin the trace of a request whose key is valid.

    The header decides what is recorded, and in which trace. So nobody else may send one.
    """
    rule = request.url_rule
    if rule is not None and request.method not in CHANGES_NOTHING:
        g.end_trace = tracing.request(request.method, rule.rule, request.headers.get(HEADER))


def end_with_response(app: Flask) -> None:
    def end(response: Response) -> Response:
        if "end_trace" in g:
            g.end_trace(response.status_code)
        return response

    app.after_request(end)
