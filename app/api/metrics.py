"""/metrics, for Prometheus, and the count of responses. It needs no key."""

from typing import Final

from flask import Flask, Response, request

from app.api.context import Context
from app.api.operations import Section
from app.ports import METRICS_MEDIA_TYPE, Metrics

NO_ROUTE: Final = "none"

metrics = Section("Health", "", role=None)


@metrics.operation("GET", "/metrics", {200: "text/plain"})
def scrape(context: Context) -> Response:
    """Counters, and gauges read from the stores within the last second."""
    return Response(context.exposition.get(), content_type=METRICS_MEDIA_TYPE)


def count_answers(app: Flask, metrics: Metrics) -> None:
    def count(response: Response) -> Response:
        # A client can send any path and any method, and each would be its own series.
        rule = request.url_rule
        method, route = (request.method, rule.rule) if rule else (NO_ROUTE, NO_ROUTE)
        metrics.request_answered(method, route, response.status_code)
        return response

    app.after_request(count)
