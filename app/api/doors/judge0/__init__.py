"""Judge0 CE, release 1.13.1 with what its hosted version adds (1.14.0)."""

from collections.abc import Callable, Iterator
from typing import Final

from flask import Response, request

from app.api.doors.door import Door, Route
from app.api.doors.judge0 import about, creating, health, showing
from app.api.doors.judge0.answers import failed
from app.api.doors.judge0.operators import acting
from app.api.doors.secrets import sent_secret

MOUNT: Final = "/judge0"
_TOKEN: Final = "X-Auth-Token"

_OPEN: Final[tuple[tuple[str, Callable[..., Response]], ...]] = (
    ("", about.home),
    ("/docs", about.page),
    ("/dummy-client.html", about.page),
)
_PATHS: Final[tuple[tuple[str, str, Callable[..., Response]], ...]] = (
    ("POST", "/authenticate", about.authenticate),
    ("POST", "/authorize", about.authorize),
    ("POST", "/submissions", creating.create),
    ("GET", "/submissions", showing.list_all),
    ("POST", "/submissions/batch", creating.create_batch),
    ("GET", "/submissions/batch", showing.show_batch),
    ("GET", "/submissions/<token>", showing.show),
    ("DELETE", "/submissions/<token>", showing.delete),
    ("GET", "/languages", about.languages),
    ("GET", "/languages/all", about.all_languages),
    ("GET", "/languages/<language_id>", about.language),
    ("GET", "/statuses", about.statuses),
    ("GET", "/system_info", health.system_info),
    ("GET", "/config_info", about.config),
    ("GET", "/statistics", health.statistics),
    ("GET", "/workers", health.workers),
    ("GET", "/about", about.about),
    ("GET", "/version", about.version_text),
    ("GET", "/isolate", about.isolate),
    ("GET", "/license", about.licence),
)


def _routes() -> Iterator[Route]:
    """Each path also with a slash at its end, as Judge0 accepts it."""
    for end in ("", "/"):
        for path, open_to_all in _OPEN:
            yield Route(
                method="GET", path=f"{MOUNT}{path}{end}", handler=open_to_all, needs_key=False
            )
        for method, path, handler in _PATHS:
            yield Route(method=method, path=f"{MOUNT}{path}{end}", handler=handler)


def _secret() -> str:
    """Of Judge0's own header, and of the marketplaces that offer it."""
    sent = sent_secret(_TOKEN, "X-RapidAPI-Key", "x-apihub-key")
    return sent or request.args.get(_TOKEN, "")


JUDGE0: Final = Door(
    name="judge0",
    paths=(MOUNT,),
    mount=MOUNT,
    routes=tuple(_routes()),
    failed=failed,
    secret=_secret,
    acting=acting,
)
