"""A response in JSON, as all doors write it."""

from flask import Response
from pydantic_core import to_json


def json_response(content: object, status: int = 200) -> Response:
    return Response(to_json(content), status, mimetype="application/json")
