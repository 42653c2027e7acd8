"""All doors. Settings decide which of them are open."""

from collections.abc import Sequence
from typing import Final

from app.api.doors.door import Door
from app.api.doors.judge0 import JUDGE0
from app.api.doors.piston import PISTON
from app.api.doors.sandboxfusion import SANDBOXFUSION
from app.api.doors.tools import TOOLS

DOORS: Final[Sequence[Door]] = (PISTON, SANDBOXFUSION, TOOLS, JUDGE0)
