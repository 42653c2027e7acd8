"""How the event log in Kafka is reached, and what its topic is made with."""

from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

_OF_TOPICS = {"partitions", "replication_factor", "min_insync_replicas", "retention_seconds"}


class KafkaSettings(BaseModel):
    """Security has librdkafka's names, with underscores for dots."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    partitions: PositiveInt = 6
    replication_factor: PositiveInt | None = None
    min_insync_replicas: PositiveInt | None = None
    retention_seconds: PositiveFloat | None = None

    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    ssl_ca_location: str | None = None
    ssl_certificate_location: str | None = None
    ssl_key_location: str | None = None
    ssl_key_password: SecretStr | None = None
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = Field(default=None, min_length=1)
    sasl_password: SecretStr | None = None

    @model_validator(mode="after")
    def _sasl_is_whole(self) -> Self:
        given = {self.sasl_mechanism, self.sasl_username, self.sasl_password}
        by_sasl = self.security_protocol.startswith("sasl_")
        if by_sasl and None in given:
            raise ValueError(
                f"security_protocol {self.security_protocol} needs sasl_mechanism, sasl_username "
                "and sasl_password"
            )
        if not by_sasl and given != {None}:
            raise ValueError("sasl_* needs a security_protocol of sasl_ssl or sasl_plaintext")
        return self

    def topic_settings(self) -> dict[str, Any]:
        """See app.infrastructure.kafka.topics.TopicSettings."""
        return self.model_dump(include=_OF_TOPICS)

    def client_options(self) -> dict[str, str]:
        """As librdkafka spells them."""
        given = self.model_dump(exclude=_OF_TOPICS, exclude_none=True)
        return {name.replace("_", "."): _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
