"""One tool, `run_code`, for hosts of models that read an OpenAPI document, such as open-webui."""

from typing import Final

from app.api.doors.door import Door
from app.api.doors.tools.routes import ROUTES, failed

TOOLS: Final = Door(
    name="tools", paths=("/openapi-tools.json", "/tools"), routes=ROUTES, failed=failed
)
