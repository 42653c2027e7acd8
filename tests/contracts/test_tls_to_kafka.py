"""TLS to a Kafka of the test's own: with a client's certificate, and with a password."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from app.domain.errors import EventLogUnavailable
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.topics import TopicSettings
from app.settings.kafka import KafkaSettings
from tests.contracts.test_event_log import some_events
from tests.support.event_logs import every_event
from tests.support.ports import free_port
from tests.support.tls import HOST, certificate
from tests.support.waiting import wait_until

pytestmark = pytest.mark.kafka

CONFIGURATION = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=SSL
listeners=SSL://{host}:{ssl},SASL_SSL://{host}:{sasl_ssl},CONTROLLER://{host}:{controller}
advertised.listeners=SSL://{host}:{ssl},SASL_SSL://{host}:{sasl_ssl}
listener.security.protocol.map=SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={pem}
ssl.truststore.type=PEM
ssl.truststore.location={pem.parent}/certificate.pem
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs={folder}/data
offsets.topic.replication.factor=1
"""


@dataclass(frozen=True)
class Broker:
    pem: Path
    ssl: int
    sasl_ssl: int

    def with_certificate(self) -> KafkaSettings:
        return KafkaSettings(
            security_protocol="ssl",
            ssl_ca_location=str(self.pem),
            ssl_certificate_location=str(self.pem),
            ssl_key_location=str(self.pem),
        )

    def with_password(self, password: str) -> KafkaSettings:
        return KafkaSettings.model_validate(
            {
                "security_protocol": "sasl_ssl",
                "ssl_ca_location": str(self.pem),
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_username": "podline",
                "sasl_password": password,
            }
        )

    def port(self, settings: KafkaSettings) -> int:
        return self.sasl_ssl if settings.sasl_mechanism else self.ssl

    def log(self, settings: KafkaSettings) -> KafkaEventLog:
        options = {
            "bootstrap.servers": f"{HOST}:{self.port(settings)}",
            **settings.client_options(),
        }
        topic = TopicSettings(partitions=1, replication_factor=1)
        return KafkaEventLog(f"podline-{uuid4().hex}", options, topic)


def jars() -> str | None:
    """The class path of the Kafka that runs on this machine."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "kafka.Kafka" in words and "-cp" in words:
            return str(words[words.index("-cp") + 1])
    return None


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    class_path = jars()
    if class_path is None:
        pytest.skip("needs the jars of a Kafka that runs on this machine")
    folder = tmp_path_factory.mktemp("kafka")
    broker = Broker(certificate(folder), ssl=free_port(HOST), sasl_ssl=free_port(HOST))
    written = folder / "server.properties"
    written.write_text(
        CONFIGURATION.format(host=HOST, controller=free_port(HOST), folder=folder, **vars(broker))
    )
    java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", class_path]
    formatted = ["format", "-t", "AAAAAAAAAAAAAAAAAAAAAA", "-c", str(written)]
    password = ["--add-scram", "SCRAM-SHA-512=[name=podline,password=hunter2]"]
    subprocess.run(
        [*java, "kafka.tools.StorageTool", *formatted, *password], check=True, capture_output=True
    )
    printed = folder / "log"
    with printed.open("wb") as log:
        process = subprocess.Popen([*java, "kafka.Kafka", str(written)], stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(broker), within=120, or_fail=printed.read_text)
        yield broker
    finally:
        process.kill()
        process.wait()


def answers(broker: Broker) -> bool:
    options = broker.with_certificate().client_options()
    admin = AdminClient({"bootstrap.servers": f"{HOST}:{broker.ssl}", **options})
    try:
        return bool(admin.list_topics(timeout=2).brokers)
    except KafkaException:
        return False


@pytest.mark.parametrize("kind", ["certificate", "password"])
def test_events_are_written_and_read(kind: str, broker: Broker) -> None:
    settings = (
        broker.with_certificate() if kind == "certificate" else broker.with_password("hunter2")
    )
    log, events = broker.log(settings), some_events()
    log.append(events)
    assert [each.id for each in every_event(log)] == [each.id for each in events]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ssl_ca_location": None}, "self.signed certificate|certificate verify failed"),
        (
            {"ssl_certificate_location": None, "ssl_key_location": None},
            "certificate required|bad certificate",
        ),
        ({"security_protocol": "plaintext"}, ""),
    ],
)
def test_who_trusts_too_little_or_shows_no_certificate_gets_nothing(
    change: dict[str, str | None],
    reason: str,
    broker: Broker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(EventLogUnavailable):
        broker.log(broker.with_certificate().model_copy(update=change)).append(some_events())
    assert re.search(reason, caplog.text)


def test_a_wrong_password_is_refused_and_not_logged(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EventLogUnavailable):
        broker.log(broker.with_password("hunter3")).append(some_events())
    assert "Authentication failed" in caplog.text
    assert "hunter" not in caplog.text
