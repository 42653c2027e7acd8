"""Piston v2, as of engineer-man/piston at 0a844d0."""

from typing import Final

from app.api.doors.door import Door
from app.api.doors.piston.errors import failed
from app.api.doors.piston.routes import ROUTES

PISTON: Final = Door(name="piston", paths=("/api/v2",), routes=ROUTES, failed=failed)
