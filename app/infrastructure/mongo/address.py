"""The database that a MongoDB URL names."""

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from app.infrastructure.mongo.connection import DEFAULT_DATABASE


def address(url: str) -> tuple[frozenset[tuple[str, int]], str]:
    """Return servers and database, without login and options.

    Raises ValueError without the URL, which may contain a password.
    """
    try:
        parsed = parse_uri(url)
    except (PyMongoError, ValueError):
        raise ValueError("is not a MongoDB URL") from None
    return frozenset(parsed["nodelist"]), parsed["database"] or DEFAULT_DATABASE
