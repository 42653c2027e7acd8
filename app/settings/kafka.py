"""How to connect to Kafka, and the numbers for a new topic."""

from typing import Any, Literal, Self

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

from app.settings.from_policy import Group

_OF_TOPICS = {"partitions", "replication_factor", "min_insync_replicas", "retention_seconds"}


class KafkaSettings(Group):
    """Security has librdkafka's names, with underscores for dots."""

    partitions: PositiveInt = 6
    """Partitions of a topic that the service creates. Adding some later would break the order of
    an execution's events.
    """
    replication_factor: PositiveInt | None = None
    """Replicas of a topic that the service creates."""
    min_insync_replicas: PositiveInt | None = None
    """Replicas that must have an event before it counts as delivered, for a topic that the service
    creates.
    """
    retention_seconds: PositiveFloat | None = None
    """How long a topic that the service creates keeps events."""

    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    """`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`."""
    ssl_ca_location: str | None = None
    """The file of the CA that signed the brokers' certificates."""
    ssl_certificate_location: str | None = None
    """The file of the client's certificate, if the brokers require one."""
    ssl_key_location: str | None = None
    """The file of the client's private key."""
    ssl_key_password: SecretStr | None = None
    """The password of the private key."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."""
    sasl_username: str | None = Field(default=None, min_length=1)
    """The user name."""
    sasl_password: SecretStr | None = None
    """The user's password."""

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
        """The options by librdkafka's names."""
        given = self.model_dump(exclude=_OF_TOPICS, exclude_none=True)
        return {name.replace("_", "."): _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
