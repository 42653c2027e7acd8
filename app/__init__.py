"""Podline, the service. `create_app` makes the Flask application."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.api.doors.options import DoorOptions
    from app.ports import Ports


def create_app(ports: "Ports", doors: "DoorOptions | None" = None) -> "Flask":
    """The API over these ports, by default without doors; app/wsgi.py makes it for a server."""
    # Workers and the command line import this package too, and need no Flask.
    from app.api.application import make
    from app.api.doors.options import CLOSED

    return make(ports, doors or CLOSED)
