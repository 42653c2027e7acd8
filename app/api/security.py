"""Headers for browsers and caches: how to treat a response."""

from typing import Final

from flask import Flask, Response

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Most responses belong to one owner, and none may be framed (OWASP, REST Security Cheat Sheet). A
view can override each of them. No page of another origin, such as another port of the same machine,
which gets the session's cookie, may embed one (Fetch Standard, 3.7).
"""


def register(app: Flask) -> None:
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    # setdefault would search all headers for each of them.
    given = {name.lower() for name, _ in response.headers}
    for name, value in HEADERS.items():
        if name.lower() not in given:
            response.headers.add(name, value)
    return response


def policy_of_a_page(*sources: str) -> str:
    """The Content-Security-Policy of a page with scripts of its own, and what else it may load.

    Nothing comes from elsewhere, and no text becomes a script.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            *sources,
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
