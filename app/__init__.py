"""Podline, the service. `create_app` makes the Flask application."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.ports import Ports


def create_app(ports: "Ports") -> "Flask":
    """The API over these ports; app/wsgi.py makes it for a server."""
    # Workers and the command line import this package too, and need no Flask.
    from app.api.application import make

    return make(ports)
