"""The command line that starts the sandbox daemon, for `podline up` and `podline sandbox`."""

import sys

from app.settings import Settings
from app.settings.errors import SettingProblem, SettingsError
from app.settings.folders import SANDBOX
from app.settings.urls import socket_path


def daemon_command(settings: Settings) -> tuple[str, ...]:
    """Return the daemon's arguments. Raises SettingsError if the runtime isn't the sandbox."""
    socket = socket_path(settings.runtime_url)
    if socket is None:
        detail = f"does not name a sandbox daemon; it is {settings.runtime_url!r}"
        raise SettingsError([SettingProblem("runtime_url", detail)])
    slots = settings.policy().max_running
    unheld = [name for name in settings.sandbox_unheld_limits.split(",") if name]
    return (
        *(sys.executable, "-m", "sandbox.daemon"),
        *("--socket", str(socket)),
        *("--data", str(settings.data_dir / SANDBOX)),
        # A bay stays busy while its jail is removed and the next one is set up. Admission enforces
        # the cap. Measured: 36 programs a second with one bay for each slot, 47 with two.
        *("--bays", str(2 * slots)),
        # Beside a sandbox host's worker, the daemon grants slots, and so enforces the cap itself.
        *(("--slots", str(slots)) if settings.host else ()),
        *(("--languages", str(file)) if (file := settings.languages_file) else ()),
        *("--ready-jails", str(settings.ready_jails)),
        *("--log-format", settings.log_format, "--log-level", settings.log_level),
        *(f"--unheld-limit={name}" for name in unheld),
    )
