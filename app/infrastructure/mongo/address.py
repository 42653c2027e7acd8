"""What a MongoDB URL says, and what is wrong with it."""

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri, split_options

from app.infrastructure.mongo.connection import DEFAULT_DATABASE


def address(url: str) -> tuple[frozenset[tuple[str, int]], str]:
    """Return servers and database, without login and options.

    Raises ValueError without the URL, which may contain a password.
    """
    check(url)
    try:
        parsed = parse_uri(url)
    except OSError as error:
        raise ValueError(f"names a file that can't be read: {error.filename}") from None
    return frozenset(parsed["nodelist"]), parsed["database"] or DEFAULT_DATABASE


def check(url: str) -> None:
    """Raise ValueError, without secrets, for what pymongo would refuse when it connects.

    Connects to nothing, so the options in the DNS record of `mongodb+srv://` are not checked. A
    file that an option names may still come.
    """
    _, _, options = url.partition("?")
    if "@" in options:
        raise ValueError("must have the characters : / ? # @ of user and password percent-encoded")
    try:
        if options:
            split_options(options)
    except OSError:
        return
    except (PyMongoError, ValueError, TypeError) as error:
        said = str(error).partition(". Did you mean")[0]  # dozens of names follow
        raise ValueError(f"has a wrong option: {said}") from None
    if url.startswith("mongodb://"):
        try:
            parse_uri(url)
        except (PyMongoError, ValueError):
            raise ValueError(
                "must be mongodb://<host>/<database>, or mongodb://<user>:<password>@<host>/"
                "<database> with the characters : / ? # @ of user and password percent-encoded"
            ) from None
