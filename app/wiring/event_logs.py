"""The event log: SQLite or Kafka."""

from app.ports import EventLog
from app.settings import Settings
from app.settings.kafka import KafkaSettings
from app.settings.urls import kafka_address, sqlite_path
from app.wiring.stores import STORE_SECONDS


def make_event_log(settings: Settings) -> EventLog:
    """SQLite or Kafka, by the scheme of `event_log_url`."""
    address = kafka_address(settings.event_log_url)
    if address is not None:
        return make_kafka_event_log(*address, settings.kafka)
    from app.infrastructure.sqlite.event_log import SqliteEventLog

    path = sqlite_path(settings.event_log_url)
    assert path is not None, "settings take no other URL"
    return SqliteEventLog(path, timeout=STORE_SECONDS)


def make_kafka_event_log(brokers: str, topic: str, settings: KafkaSettings) -> EventLog:
    from app.infrastructure.kafka.event_log import KafkaEventLog
    from app.infrastructure.kafka.topics import TopicSettings

    return KafkaEventLog(
        topic,
        {"bootstrap.servers": brokers, **settings.client_options()},
        TopicSettings(**settings.topic_settings()),
    )
