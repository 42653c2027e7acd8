"""Where this standalone is, once its folder is held and its ports are known."""

from dataclasses import dataclass, field
from pathlib import Path

from app.infrastructure.embedded import folder
from app.infrastructure.embedded.errors import UpError
from app.infrastructure.embedded.probes import free_port
from app.settings import Settings

HOST = "127.0.0.1"

_PORT_SECONDS = 2.0
"""How long processes of a killed `podline up` may take to let go of its port."""


@dataclass(frozen=True, slots=True)
class Place:
    """Folder, ports and Flower's login."""

    data_dir: Path
    api_port: int
    flower_port: int
    flower_user: str
    flower_password: str = field(repr=False)
    flower_password_hint: str
    """For people: where the password is."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.api_port}"

    @property
    def flower_url(self) -> str:
        return f"http://{HOST}:{self.flower_port}"


def find_place(settings: Settings) -> Place:
    """Raises UpError if the API's port is taken. Flower then gets any other one."""
    api_port = free_port(HOST, settings.port, within=_PORT_SECONDS)
    if api_port is None:
        raise UpError(f"port {settings.port} is taken: choose another with --port")
    flower_port = free_port(HOST, settings.flower_port) or free_port(HOST, 0)
    assert flower_port is not None, "any port will do"
    password, hint = _flower_password(settings)
    return Place(settings.data_dir, api_port, flower_port, settings.flower_user, password, hint)


def _flower_password(settings: Settings) -> tuple[str, str]:
    if settings.flower_password:
        return settings.flower_password.get_secret_value(), "the password is the one in settings"
    file = settings.data_dir / folder.FLOWER_PASSWORD
    return folder.kept_secret(file), f"the password is in {file}"
