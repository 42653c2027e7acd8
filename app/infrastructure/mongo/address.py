"""What a URL of MongoDB names."""

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from app.infrastructure.mongo.connection import DEFAULT_DATABASE


def address(url: str) -> tuple[frozenset[tuple[str, int]], str]:
    """Servers and database, whoever logs in and with whatever options.

    Raises ValueError, which does not have the URL in it: that may hold a password.
    """
    try:
        parsed = parse_uri(url)
    except (PyMongoError, ValueError):
        raise ValueError("is not a MongoDB URL") from None
    return frozenset(parsed["nodelist"]), parsed["database"] or DEFAULT_DATABASE
