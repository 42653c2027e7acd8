"""The console: the page of web/, as it was built, and the files that it loads."""

import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Flask, Response, render_template, request
from pydantic_core import from_json
from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule

from app.api.built_page import BUILT
from app.api.security import policy_of_a_page

_POLICY: Final = policy_of_a_page("style-src 'self'", "img-src 'self' blob:")
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Nothing comes from elsewhere, and no text becomes a script, whatever a program has printed. The
browser asks each time whether there is a newer page.
"""
_ASSET_HEADERS: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""The name of an asset has a hash of its content (RFC 8246)."""

PAGES: Final[Mapping[str, str | None]] = {
    "/": "playground/page",
    "/sign-in": None,
    "/executions": "executions/page",
    "/executions/<execution_id>": "execution/page",
    "/overview": "operator/overview",
    "/dead-letters": "operator/dead-letters",
    "/dead-letters/<letter_id>": "operator/dead-letter",
    "/replays": "operator/replays",
    "/replays/<replay_id>": "operator/replay",
    "/events": "operator/events",
    "/keys": "operator/keys",
    "/usage": "operator/usage",
    "/workers": "operator/workers",
}
"""The page itself decides what to show at each of these: usually this module of web/src."""
_PAGE, _ASSET = "console", "console asset"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the page, as it is and compressed."""

    content: bytes
    compressed: bytes
    media_type: str

    @property
    def tag(self) -> str:
        return sha256(self.content).hexdigest()[:32]


def rules() -> Iterator[Rule]:
    """The addresses of the page and its files, for the map of an application."""
    for path in PAGES:
        yield _rule(path, _PAGE)
    yield _rule("/assets/<name>", _ASSET)


def _rule(path: str, endpoint: str) -> Rule:
    rule = Rule(path, endpoint=endpoint, methods=["GET", "OPTIONS"])
    rule.provide_automatic_options = True  # type: ignore[attr-defined]  # Flask's own
    return rule


def register(app: Flask, built: Path = BUILT) -> None:
    """Add what serves them to an application whose map has their rules."""

    @cache
    def index() -> File | None:
        return _read(built / "index.html")

    @cache
    def assets() -> dict[str, File | None]:
        return {each.name: _read(each) for each in (built / "assets").iterdir()}

    @cache
    def preloads() -> dict[str, str]:
        scripts: dict[str, list[str]] = from_json((built / "preloads.json").read_bytes())
        return {module: _link(addresses) for module, addresses in scripts.items()}

    def page(**_: str) -> Response:
        found = index()
        if found is None:
            return _missing()
        module = PAGES[str(request.url_rule)]
        return _respond(found, _PAGE_HEADERS | ({"Link": preloads()[module]} if module else {}))

    def asset(name: str) -> Response:
        found = assets().get(name) if index() else None
        if found is None:
            raise NotFound
        return _respond(found, _ASSET_HEADERS)

    app.view_functions[_PAGE] = page
    app.view_functions[_ASSET] = asset


def _link(addresses: Sequence[str]) -> str:
    """The header that lets a browser load scripts before others import them (RFC 8288)."""
    return ", ".join(f"<{address}>; rel=modulepreload" for address in addresses)


def _read(path: Path) -> File | None:
    if path.name.endswith(".gz") or not path.is_file():
        return None
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    compressed = path.with_name(f"{path.name}.gz").read_bytes()
    return File(path.read_bytes(), compressed, media_type)


def _respond(file: File, headers: dict[str, str]) -> Response:
    response = Response(headers=headers | {"Vary": "Accept-Encoding"}, mimetype=file.media_type)
    compresses = request.accept_encodings.quality("gzip") > 0
    # Each form has a tag of its own (RFC 9110, 8.8.3.3).
    response.set_etag(f"{file.tag}-gzip" if compresses else file.tag)
    if compresses:
        response.content_encoding = "gzip"
    response.set_data(file.compressed if compresses else file.content)
    response.make_conditional(request)
    return response


def _missing() -> Response:
    text = render_template("no_page.html")
    return Response(text, headers=_PAGE_HEADERS, mimetype="text/html")
