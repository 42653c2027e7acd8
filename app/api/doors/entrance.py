"""Leads each request to the API or to a door, and takes the key out of its path.

This is WSGI middleware, so that nothing behind it (routing, log, errors, metrics) sees such a key.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from app.api.doors.door import Door

PORT_OF: Final = "podline.port_of"
"""In the environment: the name of the door whose own port received the request."""
KEY: Final = "podline.key_in_path"
_BEFORE_KEY: Final = "/d/"
_NOWHERE: Final = "/d"
_WHOLE_ADDRESS: Final = ("REQUEST_URI", "RAW_URI")
"""Variables of servers that contain the path as it was sent."""


class Entrance:
    def __init__(self, api: "WSGIApplication") -> None:
        self._api = api
        self._doors: list[tuple[Door, WSGIApplication]] = []

    def add(self, door: "Door", app: "WSGIApplication") -> None:
        self._doors.append((door, app))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path, key = without_key(environ["PATH_INFO"])
        door = found(self.open_doors(), environ.get(PORT_OF), path)
        if key is not None:
            environ[KEY] = key
            for name in _WHOLE_ADDRESS:
                environ.pop(name, None)
        if door is None:
            environ["PATH_INFO"] = path if key is None else _NOWHERE
            return self._api(environ, start_response)
        mount = door.mount if environ.get(PORT_OF) else ""
        environ["PATH_INFO"] = mount + path
        app = next(app for each, app in self._doors if each is door)
        return app(environ, start_response)

    def open_doors(self) -> Iterator["Door"]:
        return (door for door, _ in self._doors)


def without_key(path: str) -> tuple[str, str | None]:
    """`/d/<key>/rest` is `/rest` and the key; any other path stays as it is."""
    if not path.startswith(_BEFORE_KEY):
        return path, None
    key, slash, rest = path.removeprefix(_BEFORE_KEY).partition("/")
    return slash + rest or "/", key


def found(doors: Iterable["Door"], port_of: str | None, path: str) -> "Door | None":
    """The door that a request is for: by the port that received it, or by its path."""
    if port_of is not None:
        return next((door for door in doors if door.name == port_of), None)
    return next((door for door in doors if door.leads_here(path)), None)
