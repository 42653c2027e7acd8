"""/openapi.json, and /docs, a page that shows it.

The page works without scripts. With the one that the build of web/ makes, its operations can be
tried out.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from flask import Flask, Response, render_template
from markupsafe import Markup, escape
from pydantic_core import to_json
from werkzeug.routing import Rule

from app.api.built_page import BUILT
from app.api.examples import command
from app.api.openapi import Json, document
from app.api.operations import Operation
from app.api.security import policy_of_a_page
from app.domain.policy import InputMaxima

_STYLE: Final = Path(__file__).with_name("templates").joinpath("docs.css").read_text()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = policy_of_a_page(f"style-src 'sha256-{_STYLE_HASH}'")
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
}

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
    app.view_functions[_DOCS] = lambda: Response(page(), headers=_HEADERS, mimetype="text/html")


def _page(described: Json) -> str:
    operations = [
        operation
        | {
            "method": method.upper(),
            "path": path,
            "tag": operation["tags"][0],
            "command": command(method.upper(), path, operation),
        }
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    return render_template(
        "docs.html",
        document=described,
        operations=operations,
        marked=_marked,
        style=Markup(_STYLE),
        script=_script(),
    )


def _script() -> str | None:
    """The address of what makes the operations work, if web/ was built."""
    built = sorted((BUILT / "assets").glob("docs-*.js"))
    return f"/assets/{built[0].name}" if built else None


def _marked(text: str) -> Markup:
    """A description as HTML: text in backticks is code (CommonMark 6.1)."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
