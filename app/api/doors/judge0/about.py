"""What Judge0 says of itself: languages, statuses, settings, version and licence."""

from importlib.metadata import version
from typing import Final

from flask import Response

from app.api.context import Call, Context
from app.api.doors.json_response import json_response
from app.api.doors.judge0.answers import empty, error
from app.api.doors.judge0.config import config_info
from app.api.doors.judge0.languages import offered
from app.api.doors.judge0.operators import operator
from app.api.doors.judge0.statuses import DESCRIPTIONS, as_shown

VERSION: Final = "1.14.0"
"""Of the protocol. Judge0's Python client knows no others, and finds languages by it."""

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<title>Podline</title>
<p>This is Podline, which serves clients of Judge0 CE. Its documentation lists the requests that
it accepts, on the page about Judge0.</p>
</html>
"""


def home(_context: Context) -> Response:
    return empty(200)


def authenticate(_call: Call) -> Response:
    """The key was checked already."""
    return empty(200)


def authorize(call: Call) -> Response:
    operator(call)
    return empty(200)


def languages(call: Call) -> Response:
    found = offered(call.context.languages.known())
    return json_response([each.shown for each in found.values()])


def all_languages(call: Call) -> Response:
    found = offered(call.context.languages.known())
    return json_response([each.shown | {"is_archived": False} for each in found.values()])


def language(call: Call, language_id: str) -> Response:
    found = offered(call.context.languages.known())
    known = next((each for id, each in found.items() if str(id) == language_id), None)
    return json_response(known.details) if known else error("there is no such language here", 404)


def statuses(_call: Call) -> Response:
    return json_response([as_shown(each) for each in DESCRIPTIONS])


def config(call: Call) -> Response:
    implicit = call.context.doors.judge0_implicit_base64
    said = {"disable_implicit_base64_encoding": not implicit}
    return json_response(config_info(call.context.policy) | said)


def about(_call: Call) -> Response:
    return json_response(
        {
            "version": VERSION,
            "homepage": f"Podline {version('podline')}",
            "source_code": "Podline",
            "maintainer": "The Podline authors",
        }
    )


def version_text(_call: Call) -> Response:
    return _text(VERSION)


def isolate(_call: Call) -> Response:
    return _text(f"Podline {version('podline')}")


def licence(_call: Call) -> Response:
    return _text("MIT License")


def page(_context: Context) -> Response:
    return Response(_PAGE, mimetype="text/html")


def _text(content: str) -> Response:
    return Response(content + "\n", mimetype="text/plain")
