"""What a door declares. `serving` makes an application of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Response

from app.api.context import Call
from app.api.doors.secrets import sent_secret
from app.api.problems import Problem
from app.domain.api_key import ApiKey


def _caller(call: Call) -> ApiKey:
    return call.caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    """As Flask writes it: `/sessions/<session>`."""
    handler: Callable[..., Response]
    """Takes a Call (a Context, if no key is needed), and by name the parameters of the path."""
    needs_key: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Door:
    """A protocol of another system."""

    name: str
    """As in settings, keys and logs."""
    paths: tuple[str, ...]
    """Paths of the API's own port that lead to the door, each with all below it."""
    mount: str = ""
    """At a port of its own, the door's paths begin without this."""
    routes: Sequence[Route]
    failed: Callable[[Problem, str], Response]
    """The response to a failed request for the path.

    The HTTP server calls it too, for requests that no application has seen.
    """
    secret: Callable[[], str] = sent_secret
    """The key in the request, or an empty text."""
    acting: Callable[[Call], ApiKey | None] = _caller
    """Whose key allows a change, for the audit log. None if the request names an invalid key."""

    def leads_here(self, path: str) -> bool:
        """Whether a request to the API's own port is for this door."""
        return any(path == each or path.startswith(f"{each}/") for each in self.paths)
