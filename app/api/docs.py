"""/openapi.json, and /docs, a page that shows it without fetching anything."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from flask import Flask, Response, render_template
from markupsafe import Markup, escape
from pydantic_core import to_json
from werkzeug.routing import Rule

from app.api.openapi import Json, document
from app.api.operations import Operation
from app.domain.policy import InputMaxima

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_DOCUMENT, _DOCS = "openapi", "docs"


def rules() -> Iterator[Rule]:
    """Their addresses, for the map of an application."""
    for path, endpoint in (("/openapi.json", _DOCUMENT), ("/docs", _DOCS)):
        rule = Rule(path, endpoint=endpoint, methods=["GET", "OPTIONS"])
        rule.provide_automatic_options = True  # type: ignore[attr-defined]  # Flask's own
        yield rule


def register(app: Flask, operations: Sequence[Operation], maxima: InputMaxima) -> None:
    """Add what serves both to an application whose map has their rules.

    They are made at the first request and cached, because requests need no key.
    """

    @cache
    def described() -> Json:
        return document(operations, maxima)

    @cache
    def described_as_json() -> bytes:
        return to_json(described())

    @cache
    def page() -> str:
        return _page(described())

    app.view_functions[_DOCUMENT] = lambda: Response(
        described_as_json(), mimetype="application/json"
    )
    app.view_functions[_DOCS] = lambda: Response(
        page(), headers={"Content-Security-Policy": _PAGE_POLICY}, mimetype="text/html"
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
