"""/openapi.json, and /docs: a page that shows it, with nothing fetched from elsewhere."""

import re
from collections.abc import Sequence

from flask import Flask, Response, render_template
from markupsafe import Markup, escape
from pydantic_core import to_json

from app.api.openapi import Json, document
from app.api.routing import Operation
from app.domain.policy import InputMaxima

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def register(app: Flask, operations: Sequence[Operation], maxima: InputMaxima) -> None:
    """Both are made when first asked for, and kept."""
    described: list[Json] = []

    def the_document() -> Json:
        if not described:
            described.append(document(operations, maxima))
        return described[0]

    app.add_url_rule(
        "/openapi.json",
        view_func=lambda: Response(to_json(the_document()), mimetype="application/json"),
        endpoint="openapi",
    )
    app.add_url_rule("/docs", view_func=lambda: _page(the_document()), endpoint="docs")


def _page(described: Json) -> Response:
    operations = [
        operation | {"method": method.upper(), "path": path, "tag": operation["tags"][0]}
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    page = render_template("docs.html", document=described, operations=operations, marked=_marked)
    return Response(page, headers={"Content-Security-Policy": _PAGE_POLICY}, mimetype="text/html")


def _marked(text: str) -> Markup:
    """HTML of a description: what stands in backticks is code (CommonMark 6.1)."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
