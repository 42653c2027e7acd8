"""What Kafka's client knows about a failure appears in the service's log."""

import pytest

from app.domain.errors import EventLogUnavailable
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.topics import TopicSettings

NOBODY_LISTENS = "127.0.0.1:1"


def test_the_log_says_why_there_is_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    log = KafkaEventLog(
        "events", {"bootstrap.servers": NOBODY_LISTENS}, TopicSettings(partitions=1)
    )

    with pytest.raises(EventLogUnavailable):
        log.ping()

    assert f"{NOBODY_LISTENS} failed: Connection refused" in caplog.text
