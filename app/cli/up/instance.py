"""The folder, ports and login of this `podline up`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.cli.up import folder
from app.cli.up.errors import UpError
from app.cli.up.ports import Ports
from app.settings import Settings
from app.settings.sources import variable

HOST = "127.0.0.1"

_PORT_SECONDS = 2.0
"""How long the processes of a killed `podline up` may take to release its port."""


@dataclass(frozen=True, slots=True)
class Instance:
    """The data folder, the ports, and Flower's login."""

    data_dir: Path
    api_port: int
    flower_port: int
    flower_user: str
    flower_password: str = field(repr=False)
    flower_password_hint: str
    """Shows where the password is."""
    mcp_port: int | None = None
    """None without an MCP server."""
    door_ports: Mapping[str, int] = field(default_factory=dict)
    """Of doors that have one, by name."""
    keyless: Sequence[str] = ()
    """The doors that serve requests without a key."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.api_port}"

    @property
    def flower_url(self) -> str:
        return f"http://{HOST}:{self.flower_port}"


def find_instance(settings: Settings, ports: Ports, *, mcp: bool) -> Instance:
    """Choose the ports. Raises UpError if one that clients know can't be used.

    Flower's may be any other.
    """
    api_port = _known_port(settings.port, ports, "--port")
    mcp_port = _known_port(settings.mcp_port, ports, "PODLINE_MCP_PORT") if mcp else None
    door_ports = _door_ports(settings, ports)
    flower_port = _flower_port(settings.flower_port, ports)
    password, hint = _flower_password(settings)
    return Instance(
        data_dir=settings.data_dir,
        api_port=api_port,
        flower_port=flower_port,
        flower_user=settings.flower_user,
        flower_password=password,
        flower_password_hint=hint,
        mcp_port=mcp_port,
        door_ports=door_ports,
        keyless=settings.keyless_doors(),
    )


def _door_ports(settings: Settings, ports: Ports) -> dict[str, int]:
    """Raises UpError for a door that has a port but is not open: the API would not start."""
    chosen = {}
    for door, wanted in settings.door_ports().items():
        choice = variable(f"{door}_port")
        if door not in settings.open_doors():
            raise UpError(
                f"the door {door} is not open: add it to {variable('doors')}, or unset {choice}"
            )
        chosen[door] = _known_port(wanted, ports, choice)
    return chosen


def _known_port(wanted: int, ports: Ports, choice: str) -> int:
    """Return the wanted port, or any for 0. `choice` is how to choose another one."""
    try:
        port = ports.free(wanted, within=_PORT_SECONDS)
    except PermissionError:
        raise UpError(
            f"port {wanted} is for privileged users only: choose one above 1023 with {choice}"
        ) from None
    except OSError as error:
        raise UpError(f"port {wanted} of {HOST} can't be used: {error.strerror}") from error
    if port is None:
        raise UpError(f"port {wanted} is in use: choose another with {choice}")
    return port


def _flower_port(wanted: int, ports: Ports) -> int:
    with suppress(OSError):
        if (port := ports.free(wanted)) is not None:
            return port
    port = ports.free(0)
    assert port is not None, "any port will do"
    return port


def _flower_password(settings: Settings) -> tuple[str, str]:
    if settings.flower_password:
        return settings.flower_password.get_secret_value(), "the password is in the settings"
    file = settings.data_dir / folder.FLOWER_PASSWORD
    return folder.kept_secret(file), f"the password is in {file}"
