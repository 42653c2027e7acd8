"""Every setting, its default and its bounds."""

import os
from dataclasses import fields
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from app.domain.policy import InputMaxima, Policy
from app.domain.submission import Limits
from app.settings import checks
from app.settings.folders import runtime_folder
from app.settings.images import DEFAULT as DEFAULT_IMAGES
from app.settings.images import ImageNames
from app.settings.kafka import KafkaSettings
from app.settings.sources import NESTED, PREFIX, nested, secrets, settings_file
from app.settings.urls import DatabaseUrl, EventLogUrl, RedisUrl, RuntimeUrl
from sandbox.private import NotPrivate, refuse_links_of_others

_DEFAULT = Policy()

Port = Annotated[int, Field(ge=0, le=65535)]
LimitNames = Annotated[str, AfterValidator(checks.limit_names)]
AdminKey = Annotated[SecretStr | None, AfterValidator(checks.long_enough)]


def _resolved(path: Path) -> Path:
    path = path.expanduser()
    try:
        refuse_links_of_others(path)
    except NotPrivate as error:
        raise ValueError(str(error)) from None
    return path.resolve()


Folder = Annotated[Path, AfterValidator(_resolved)]


class _Group(BaseModel):
    """Settings that belong together: `PODLINE_<GROUP>__<NAME>`, or a table in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LimitSettings(_Group):
    """See app.domain.submission.Limits."""

    wall_seconds: PositiveFloat
    cpu_seconds: PositiveFloat
    memory_mib: PositiveInt
    processes: PositiveInt
    output_kib: PositiveInt
    disk_mib: PositiveInt

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """Without the stack, whose default and maximum follow from the memory."""
        return cls.model_validate({name: getattr(limits, name) for name in cls.model_fields})


class InputSettings(_Group):
    """See app.domain.policy.InputMaxima."""

    files_bytes: PositiveInt
    stdin_bytes: NonNegativeInt
    expected_output_bytes: NonNegativeInt

    @classmethod
    def of(cls, maxima: InputMaxima) -> Self:
        return cls.model_validate({name: getattr(maxima, name) for name in cls.model_fields})


class KubernetesSettings(_Group):
    """See app.infrastructure.kubernetes.manifest.PodOptions."""

    images: ImageNames = DEFAULT_IMAGES
    pod_image: str = f"podline/pod:{version('podline')}"
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = "IfNotPresent"
    image_pull_secret: str | None = None
    runtime_class: str | None = None
    cpu_request: PositiveFloat = 0.1
    cpu_limit: PositiveFloat = 1.0
    pod_pids_limit: PositiveInt | None = None


def _cores(_: dict[str, Any]) -> int:
    return len(os.sched_getaffinity(0))


def _sqlite(name: str, given: dict[str, Any]) -> str:
    return f"sqlite:///{given['data_dir'] / name}"


def _socket(name: str, given: dict[str, Any]) -> str:
    return f"unix://{runtime_folder(given['data_dir']) / name}"


class Settings(BaseSettings):
    """Environment goes before secrets, then file, then default. Times are in seconds.

    The defaults are those of `podline up`, so that a role started by hand in the same folder
    finds the running service. What the numbers mean is told in app/domain/policy.py.
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
    database_url: DatabaseUrl = Field(default_factory=partial(_sqlite, "podline.db"))
    event_log_url: EventLogUrl = Field(default_factory=partial(_sqlite, "events.db"))
    redis_url: RedisUrl = Field(default_factory=partial(_socket, "redis.sock"))
    runtime_url: RuntimeUrl = Field(default_factory=partial(_socket, "sandbox.sock"))
    replay_dir: Folder = Field(default_factory=lambda given: given["data_dir"] / "replays")
    """SQLite databases that replays rebuild into are files in this folder."""
    languages_file: Folder | None = None

    admin_key: AdminKey = None
    """The API makes it valid when it starts; `podline up` makes one."""
    port: Port = 8000
    flower_port: Port = 5555
    flower_user: str = "podline"
    flower_password: SecretStr | None = None
    """`podline up` makes one where none is set."""
    worker_concurrency: PositiveInt = 16
    """Threads of one Celery worker."""
    heartbeat_file: Folder | None = None
    """A worker, and beat, touches it while it does its work."""
    metrics_host: str = "127.0.0.1"
    metrics_port: Port | None = None
    """A worker's own /metrics."""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    max_running: PositiveInt = Field(default_factory=_cores)
    max_running_per_owner: PositiveInt = Field(default_factory=lambda given: given["max_running"])
    sandbox_unheld_limits: LimitNames = ""
    """The sandbox daemon starts without these, where they do not hold."""
    ready_jails: NonNegativeInt = Field(default_factory=lambda given: given["max_running"])
    """Kept waiting by the sandbox daemon, for pods to come."""
    ageing_seconds: PositiveFloat = _DEFAULT.ageing_seconds
    max_attempts: PositiveInt = _DEFAULT.max_attempts
    start_timeout: PositiveFloat = _DEFAULT.start_timeout
    relay_interval: PositiveFloat = 1.0
    dlq_max_retries: NonNegativeInt = _DEFAULT.dlq_max_retries
    retention_seconds: PositiveFloat | None = _DEFAULT.retention_seconds
    max_unfinished_per_owner: PositiveInt = _DEFAULT.max_unfinished_per_owner
    max_unfinished: PositiveInt = _DEFAULT.max_unfinished
    idempotency_seconds: PositiveFloat = _DEFAULT.idempotency_seconds

    default_limits: LimitSettings = LimitSettings.of(_DEFAULT.default_limits)
    default_compile_limits: LimitSettings = LimitSettings.of(_DEFAULT.default_compile_limits)
    max_limits: LimitSettings = LimitSettings.of(_DEFAULT.max_limits)
    max_compile_limits: LimitSettings = LimitSettings.of(_DEFAULT.max_compile_limits)
    input: InputSettings = InputSettings.of(_DEFAULT.input)
    kafka: KafkaSettings = KafkaSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()

    @field_validator("max_limits", "max_compile_limits")
    @classmethod
    def _covers_default(cls, maxima: LimitSettings, info: ValidationInfo) -> LimitSettings:
        """A default that nobody has set follows: the policy lowers it to the maximum."""
        default = str(info.field_name).replace("max_", "default_")
        unset = getattr(_DEFAULT, default)
        for name, value in info.data.get(default, maxima):
            if value > getattr(maxima, name) and value != getattr(unset, name):
                raise ValueError(f"{name} must not be below {default}.{name}, which is {value}")
        return maxima

    @field_validator("idempotency_seconds")
    @classmethod
    def _outlived_by_executions(cls, seconds: float, info: ValidationInfo) -> float:
        """A key that outlives its execution would give its id to another one."""
        retention = info.data.get("retention_seconds")
        if retention is not None and retention < seconds:
            raise ValueError(f"must not be above retention_seconds, which is {retention:g}")
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
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, nested(secrets())),
            TomlConfigSettingsSource(settings_cls, settings_file()),
        )

    def policy(self) -> Policy:
        """The numbers that the service goes by."""
        groups: dict[str, Any] = {
            "default_limits": Limits(**self.default_limits.model_dump()),
            "default_compile_limits": Limits(**self.default_compile_limits.model_dump()),
            "max_limits": Limits(**self.max_limits.model_dump()),
            "max_compile_limits": Limits(**self.max_compile_limits.model_dump()),
            "input": InputMaxima(**self.input.model_dump()),
        }
        numbers = {f.name: getattr(self, f.name) for f in fields(Policy) if f.name not in groups}
        return Policy(**numbers, **groups)

    def broker_url(self) -> str:
        """The Redis address as Celery spells it."""
        if not self.redis_url.startswith("unix://"):
            return self.redis_url
        return "redis+socket" + self.redis_url.removeprefix("unix").replace("db=", "virtual_host=")
