"""The Kafka that tests use: KAFKA says where it is."""

import os
from uuid import uuid4

from confluent_kafka.admin import AdminClient

from app.infrastructure.kafka.clients import Options
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.topics import TopicSettings


class KafkaServer:
    """Topics of this test session, which are removed at its end."""

    def __init__(self) -> None:
        if not os.environ.get("KAFKA"):
            raise RuntimeError("tests marked kafka need KAFKA=host:port in the environment")
        self.address = os.environ["KAFKA"]
        self.options: Options = {"bootstrap.servers": self.address}
        self.admin = AdminClient(dict(self.options))
        self._topics: list[str] = []

    def new_topic(self) -> str:
        """A name that nothing has; it is made when it is first used."""
        self._topics.append(f"podline-test-{uuid4().hex[:12]}")
        return self._topics[-1]

    def url(self, topic: str) -> str:
        return f"kafka://{self.address}/{topic}"

    def event_log(
        self, topic: str, *, partitions: int = 3, slice_size: int = 5_000
    ) -> KafkaEventLog:
        """The log in this topic; another one each time, as another process has it."""
        return KafkaEventLog(
            topic, self.options, TopicSettings(partitions=partitions), slice_size=slice_size
        )

    def remove_topics(self) -> None:
        ours = sorted(set(self._topics) & set(self.admin.list_topics(timeout=10).topics))
        for removed in self.admin.delete_topics(ours).values() if ours else ():
            removed.result()
