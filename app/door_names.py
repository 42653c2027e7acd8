"""The names of the doors, which settings and API know: `app.api.doors` has the doors."""

from enum import StrEnum


class DoorName(StrEnum):
    PISTON = "piston"
    SANDBOXFUSION = "sandboxfusion"
    TOOLS = "tools"
    JUDGE0 = "judge0"
