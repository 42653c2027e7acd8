"""Loaded by gunicorn (`--config`): the API of `podline up` ends with it, however that ends."""

from typing import Any

from app.infrastructure.embedded.tether import die_with


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001  # gunicorn's signature
    """Else it would hold the port for a second after its master was killed."""
    die_with(server.pid)
