"""Every setting, its default and its bounds."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from app.domain.callback_url import networks
from app.domain.hosts import HOST_NAME
from app.domain.origins import origins
from app.domain.policy import Policy
from app.door_names import DoorName
from app.settings import checks
from app.settings.folders import runtime_folder
from app.settings.from_policy import Group, policy_of, settings_of
from app.settings.kafka import KafkaSettings
from app.settings.keyless import DoorList, KeylessSettings, names_in
from app.settings.kubernetes import KubernetesSettings
from app.settings.slots import slots_of_this_machine
from app.settings.sources import NESTED, PREFIX, nested, secrets, settings_file
from app.settings.urls import HOSTS, DatabaseUrl, EventLogUrl, RedisUrl, RuntimeUrl
from sandbox.private import NotPrivate, refuse_links_of_others

_DEFAULT = Policy()

Port = Annotated[int, Field(ge=0, le=65535)]
HostName = Annotated[str, Field(pattern=f"^{HOST_NAME}$")]
LimitNames = Annotated[str, AfterValidator(checks.limit_names)]
LongSecret = Annotated[SecretStr | None, AfterValidator(checks.long_enough)]


def _resolved(path: Path) -> Path:
    path = path.expanduser()
    try:
        refuse_links_of_others(path)
        return path.resolve()
    except (NotPrivate, RuntimeError) as error:  # RuntimeError: links in a loop
        raise ValueError(str(error)) from None


Folder = Annotated[Path, AfterValidator(_resolved)]


def _sqlite(name: str, given: dict[str, Any]) -> str:
    return f"sqlite:///{given['data_dir'] / name}"


def _socket(name: str, given: dict[str, Any]) -> str:
    return f"unix://{runtime_folder(given['data_dir']) / name}"


if TYPE_CHECKING:
    _PolicySettings = BaseSettings
else:
    _PolicySettings = create_model(
        "_PolicySettings",
        __base__=BaseSettings,
        **settings_of(
            Policy(),
            {"max_running": lambda _: slots_of_this_machine()},
        ),
    )
"""The settings that make the policy (app/domain/policy.py), by its names."""


class Settings(_PolicySettings):
    """Environment goes before secrets, then file, then default. Times are in seconds.

    The defaults are those of `podline up`, so that a role started by hand in the same folder
    finds the running service. The docstrings of the fields are what the documentation says.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_ignore_empty=True,
        enable_decoding=False,
        nested_model_default_partial_update=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
    )

    data_dir: Folder = Path(".podline")
    """The data folder. `podline up --data-dir` sets it."""
    database_url: DatabaseUrl = Field(default_factory=partial(_sqlite, "podline.db"))
    """The store: `sqlite:///<path>` or `mongodb://<host>/<database>`."""
    event_log_url: EventLogUrl = Field(default_factory=partial(_sqlite, "events.db"))
    """The event log: `sqlite:///<path>`, or `kafka://<host>:<port>[,<host>:<port>]/<topic>`:
    [Kafka](deployment.md#kafka-as-the-event-log).
    """
    redis_url: RedisUrl = Field(default_factory=partial(_socket, "redis.sock"))
    """The broker, the queue and live output: `redis://…`, `rediss://…` for TLS, or
    `unix:///<socket>`. `podline up` starts its own server and refuses any other.
    """
    runtime_url: RuntimeUrl = Field(default_factory=partial(_socket, "sandbox.sock"))
    """Where programs run: in the sandbox daemon at `unix:///<socket>`; in Kubernetes pods,
    `kubernetes://<namespace>`, with access by `KUBECONFIG` or a service account; or on sandbox
    hosts, `hosts:`, each of which runs [`podline host`](scaling.md#sandbox-hosts). `podline up`
    starts its own sandbox and refuses any other runtime.
    """
    host: HostName | None = None
    """The name of the sandbox host that a worker serves. `podline host` sets it."""
    replay_dir: Folder = Field(default_factory=lambda given: given["data_dir"] / "replays")
    """The folder for SQLite databases that [replays](replay.md) rebuild into."""
    languages_file: Folder | None = None
    """A file with more languages: [languages.md](languages.md#add-a-language)."""

    admin_key: LongSecret = None
    """The first admin key, which the API makes valid when it starts. `podline up` creates one in
    its data folder and refuses any other.
    """
    callback_secret: LongSecret = None
    """The secret from which the secrets that sign [callbacks](callbacks.md) are derived. Without
    it, submissions with a callback are refused. `podline up` creates one in its data folder.
    """
    callback_previous_secret: LongSecret = None
    """The secret that this one replaces: callbacks are signed with both while it is set. See
    [rotating](callbacks.md#rotate-the-secret-of-the-service).
    """
    port: Port = 8000
    """The port of the API on 127.0.0.1; 0 chooses a free one. `podline up --port` sets it."""
    doors: DoorList = "all"
    """The [doors](#doors) that are open: their names, separated by commas; `all`; or `none`."""
    keyless: KeylessSettings = KeylessSettings()
    piston_port: Port | None = None
    """A port of its own for the [door for Piston's clients](piston.md); 0 chooses a free one."""
    piston_strict_versions: bool = False
    """Refuse clients of Piston that ask for a version which is not available, instead of giving
    them the newest one.
    """
    sandboxfusion_port: Port | None = None
    """A port of its own for the [door for SandboxFusion's clients](sandboxfusion.md), and those of
    NeMo Skills; 0 chooses a free one.
    """
    judge0_port: Port | None = None
    """A port of its own for the [door for Judge0's clients](judge0.md); 0 chooses a free one."""
    judge0_implicit_base64: bool = False
    """Texts of Judge0's clients are in base64 unless they send `base64_encoded=false`, as its
    hosted version has it.
    """
    flower_port: Port = 5555
    """The port of Flower. If it is in use, `podline up` chooses another one."""
    mcp_port: Port = 8080
    """The port of the [MCP server](mcp.md) that `podline up --mcp` starts; 0 chooses a free one."""
    flower_user: str = "podline"
    """The user name for Flower."""
    flower_password: SecretStr | None = None
    """The password for Flower. If it is not set, `podline up` creates one in its data folder."""
    worker_concurrency: PositiveInt = 16
    """Threads of one Celery worker."""
    heartbeat_file: Folder | None = None
    """A file that a healthy worker, or beat, touches every 2 s: [health of
    roles](monitoring.md#health-of-roles).
    """
    metrics_host: str = "127.0.0.1"
    """The address at which a worker serves `/metrics`."""
    metrics_port: Port | None = None
    """The port at which a worker serves `/metrics`: [metrics](monitoring.md#metrics)."""
    log_format: Literal["text", "json"] = "text"
    """`text` or `json`: [logs](monitoring.md#logs)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """`debug`, `info`, `warning` or `error`."""

    sandbox_unheld_limits: LimitNames = ""
    """Limits that the sandbox may start without if the host can't enforce them, such as
    `memory,cpu`: [what holds them](security.md#what-holds-the-limits).
    """
    ready_jails: NonNegativeInt = Field(default_factory=lambda given: given["max_running"])
    """Jails that are kept ready, about 7 MB each, so that a program starts 10 ms sooner. They are
    released after 5 idle minutes.
    """
    relay_interval: PositiveFloat = 1.0
    """Seconds between two relays of events into the log."""
    kafka: KafkaSettings = KafkaSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()

    @field_validator("max_limits", "max_compile_limits")
    @classmethod
    def _covers_default(cls, maxima: Group, info: ValidationInfo) -> Group:
        """A default that nobody has set follows: the policy lowers it to the maximum."""
        default = str(info.field_name).replace("max_", "default_")
        unset = getattr(_DEFAULT, default)
        for name, value in info.data.get(default, maxima):
            if value > getattr(maxima, name) and value != getattr(unset, name):
                raise ValueError(f"{name} must not be below {default}.{name}, which is {value}")
        return maxima

    @field_validator("keyless")
    @classmethod
    def _serves_open_doors(cls, keyless: KeylessSettings, info: ValidationInfo) -> KeylessSettings:
        """`all` includes those that are closed, and stands for those that are open."""
        closed = set(keyless.names()) - set(names_in(info.data.get("doors", keyless.doors)))
        if closed and len(keyless.names()) < len(DoorName):
            raise ValueError(
                f"these doors are closed: {', '.join(sorted(closed))}. Open them in PODLINE_DOORS, "
                "or remove them from PODLINE_KEYLESS__DOORS"
            )
        return keyless

    @field_validator("requests")
    @classmethod
    def _is_rate(cls, given: str) -> str:
        return checks.rate(given) if given else given

    @field_validator("callback_networks")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        try:
            networks(given)
        except ValueError as error:
            raise ValueError(f"must be networks such as 10.1.0.0/16: {error}") from None
        return given

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, given: str) -> str:
        origins(given)
        return given

    @field_validator("idempotency_seconds")
    @classmethod
    def _outlived_by_executions(cls, seconds: float, info: ValidationInfo) -> float:
        """A key that outlives its execution would give its id to another one."""
        retention = info.data.get("retention_seconds")
        if retention is not None and retention < seconds:
            raise ValueError(f"must not be above PODLINE_RETENTION_SECONDS, which is {retention:g}")
        return seconds

    @classmethod
    def load(cls) -> Self:
        """Raises SettingsError, which names every wrong setting."""
        return checks.load(cls)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, nested(secrets())),
            TomlConfigSettingsSource(settings_cls, settings_file()),
        )

    def has_hosts(self) -> bool:
        """Whether programs run on sandbox hosts."""
        return self.host is not None or self.runtime_url == HOSTS

    def policy(self) -> Policy:
        """The numbers that govern the service."""
        return policy_of(Policy(), self)

    def open_doors(self) -> list[str]:
        """Their names."""
        return names_in(self.doors)

    def keyless_doors(self) -> list[str]:
        """Those of the open doors that serve requests without a key."""
        opened = self.open_doors()
        return [name for name in self.keyless.names() if name in opened]

    def door_ports(self) -> dict[str, int]:
        """The doors that have a port of their own, by name."""
        given = {str(door): getattr(self, f"{door}_port", None) for door in DoorName}
        return {door: port for door, port in given.items() if port is not None}

    def broker_url(self) -> str:
        """The Redis address as Celery spells it."""
        if not self.redis_url.startswith("unix://"):
            return self.redis_url
        return "redis+socket" + self.redis_url.removeprefix("unix").replace("db=", "virtual_host=")
