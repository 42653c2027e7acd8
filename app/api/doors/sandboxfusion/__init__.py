"""The door for clients of SandboxFusion, and of NeMo Skills' sandbox."""

from typing import Final

from app.api.doors.door import Door, Route
from app.api.doors.sandboxfusion import run_code
from app.api.doors.sandboxfusion.errors import failed
from app.api.doors.sandboxfusion.nemo import execute
from app.door_names import DoorName

SANDBOXFUSION: Final = Door(
    name=DoorName.SANDBOXFUSION,
    paths=("/run_code", "/v1/ping", "/execute", "/health", "/sessions"),
    routes=[
        Route(method="POST", path="/run_code", handler=run_code.run_code),
        Route(method="GET", path="/v1/ping", handler=run_code.ping, needs_key=False),
        Route(method="POST", path="/execute", handler=execute.execute),
        Route(method="GET", path="/health", handler=execute.health, needs_key=False),
        Route(method="DELETE", path="/sessions/<session>", handler=execute.delete_session),
    ],
    failed=failed,
)
