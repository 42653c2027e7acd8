"""/openapi.json, and /docs, a page that shows it without fetching anything."""

import re
from collections.abc import Sequence
from functools import cache

from flask import Flask, Response, render_template
from markupsafe import Markup, escape
from pydantic_core import to_json

from app.api.openapi import Json, document
from app.api.routing import Operation
from app.domain.policy import InputMaxima

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def register(app: Flask, operations: Sequence[Operation], maxima: InputMaxima) -> None:
    """Both are made at the first request and cached, because requests need no key."""

    @cache
    def described() -> Json:
        return document(operations, maxima)

    @cache
    def described_as_json() -> bytes:
        return to_json(described())

    @cache
    def page() -> str:
        return _page(described())

    app.add_url_rule(
        "/openapi.json",
        view_func=lambda: Response(described_as_json(), mimetype="application/json"),
        endpoint="openapi",
    )
    app.add_url_rule(
        "/docs",
        view_func=lambda: Response(
            page(), headers={"Content-Security-Policy": _PAGE_POLICY}, mimetype="text/html"
        ),
        endpoint="docs",
    )


def _page(described: Json) -> str:
    operations = [
        operation | {"method": method.upper(), "path": path, "tag": operation["tags"][0]}
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    return render_template("docs.html", document=described, operations=operations, marked=_marked)


def _marked(text: str) -> Markup:
    """A description as HTML: text in backticks is code (CommonMark 6.1)."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
