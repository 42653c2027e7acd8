"""Responses of Piston."""

from typing import Any

from flask import Response
from pydantic_core import to_json


def responded(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, mimetype="application/json")
