"""The settings for Kafka, and how its clients authenticate."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, listing
from app.settings.kafka import KafkaSettings
from app.settings.urls import kafka_address
from tests.up.test_settings import complaints

SASL = {
    "PODLINE_KAFKA__SECURITY_PROTOCOL": "sasl_ssl",
    "PODLINE_KAFKA__SASL_MECHANISM": "SCRAM-SHA-512",
    "PODLINE_KAFKA__SASL_USERNAME": "podline",
    "PODLINE_KAFKA__SSL_CA_LOCATION": "/etc/kafka/ca.pem",
}


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("kafka://broker:9092/events", ("broker:9092", "events")),
        ("kafka://a:9092,b.c:9093/podline.events", ("a:9092,b.c:9093", "podline.events")),
        ("kafka://broker/events", None),
        ("kafka://broker:9092", None),
        ("kafka://broker:9092/", None),
        ("kafka://broker:9092/a/b", None),
        ("kafka://user:password@broker:9092/events", None),
        (f"kafka://broker:9092/{'x' * 250}", None),
        ("sqlite:///events.db", None),
    ],
)
def test_the_address(url: str, address: tuple[str, str] | None) -> None:
    assert kafka_address(url) == address


def test_nothing_is_asked_of_the_broker_by_default() -> None:
    assert KafkaSettings().client_options() == {"security.protocol": "plaintext"}


def test_options_have_the_names_of_the_client_library(
    working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SASL.items():
        monkeypatch.setenv(name, value)
    (working_folder / "kafka.sasl_password").write_text("hunter2\n")
    monkeypatch.setenv("PODLINE_SECRETS_DIR", str(working_folder))
    settings = Settings.load()
    assert settings.kafka.client_options() == {
        "security.protocol": "sasl_ssl",
        "ssl.ca.location": "/etc/kafka/ca.pem",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "podline",
        "sasl.password": "hunter2",
    }
    assert "hunter2" not in repr(listing(settings)) + repr(settings)


def test_a_password_in_a_variable_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SASL | {"PODLINE_KAFKA__SASL_PASSWORD": "hunter2"}).items():
        monkeypatch.setenv(name, value)
    assert "hunter2" not in repr(listing(Settings.load()))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (SASL, "needs sasl_mechanism, sasl_username and sasl_password"),
        ({"PODLINE_KAFKA__SASL_PASSWORD": "hunter2"}, "needs a security_protocol of sasl_ssl"),
        ({"PODLINE_KAFKA__SASL_MECHANISM": "GSSAPI"}, "'PLAIN', 'SCRAM-SHA-256'"),
        ({"PODLINE_KAFKA__PARTITIONS": "0"}, "greater than 0"),
    ],
)
def test_what_does_not_fit_together(
    given: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError):
        Settings.load()
    assert complaint in complaints()
    assert "hunter2" not in complaints()
