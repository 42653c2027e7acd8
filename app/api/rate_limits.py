"""Rate limits of API keys, and the headers that announce them.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (version 10)
"""

from flask import Flask, Response, g

from app.api.context import Call
from app.service.rate_limits import Allowance, count_request, refuse


def register(app: Flask) -> None:
    app.after_request(_announce)


def count(call: Call) -> None:
    """Count the request. Raises RateLimited if its key has made too many."""
    context = call.context
    counted = count_request(
        context.ports.requests, context.ports.clock, call.caller, context.policy.requests
    )
    if counted is None:
        return
    allowance, allowed = counted
    g.allowance = allowance
    if not allowed:
        raise refuse(allowance)


def _announce(response: Response) -> Response:
    allowance: Allowance | None = g.get("allowance")
    if allowance is not None:
        rate = allowance.rate
        response.headers["RateLimit-Policy"] = f'"requests";q={rate.requests};w={rate.seconds}'
        response.headers["RateLimit"] = (
            f'"requests";r={allowance.remaining};t={allowance.resets_in}'
        )
    return response
