"""The tests' Kafka: KAFKA is its address, KAFKA_CONTROL the program that stops and starts it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from app.infrastructure.kafka.clients import Options
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.topics import TopicSettings


class KafkaServer:
    """The topics of this test session, which are deleted at its end."""

    def __init__(self) -> None:
        if not os.environ.get("KAFKA"):
            raise RuntimeError("tests marked kafka need KAFKA=host:port in the environment")
        self.address = os.environ["KAFKA"]
        self.options: Options = {"bootstrap.servers": self.address}
        self.admin = AdminClient(dict(self.options))
        self._topics: list[str] = []

    def new_topic(self) -> str:
        """Return an unused name. The topic is created on first use."""
        self._topics.append(f"podline-test-{uuid4().hex[:12]}")
        return self._topics[-1]

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Keep Kafka down until the context ends. It is back, with its log, when this returns."""
        control = os.environ.get("KAFKA_CONTROL")
        if not control:
            raise RuntimeError(
                "this test needs KAFKA_CONTROL in the environment: the path of a program that,"
                " called with `stop`, stops the Kafka at KAFKA, and with `up`, starts it"
            )
        _control(control, "stop")
        try:
            yield
        finally:
            _control(control, "up")
            self.admin.list_topics(timeout=60)

    def url(self, topic: str) -> str:
        return f"kafka://{self.address}/{topic}"

    def event_log(
        self, topic: str, *, partitions: int = 3, slice_size: int = 5_000
    ) -> KafkaEventLog:
        """Return the log in this topic: a new object each time, as another process would have."""
        return KafkaEventLog(
            topic, self.options, TopicSettings(partitions=partitions), slice_size=slice_size
        )

    def remove_topics(self) -> None:
        ours = sorted(set(self._topics) & set(self.admin.list_topics(timeout=10).topics))
        for removed in self.admin.delete_topics(ours).values() if ours else ():
            removed.result()


def messages(kafka: KafkaServer, topic: str) -> list[Message]:
    """Return all messages of a topic, partition after partition, as another consumer gets them."""
    consumer = Consumer(dict(kafka.options) | {"group.id": uuid4().hex})
    found: list[Message] = []
    try:
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            place = TopicPartition(topic, partition, 0)
            _, end = consumer.get_watermark_offsets(place, timeout=10)
            consumer.assign([place])
            found += consumer.consume(end, timeout=10) if end else []
    finally:
        consumer.close()
    return found


def _control(control: str, verb: str, *, times: int = 3) -> None:
    """Run the control program, repeatedly if a busy machine makes it give up."""
    for _ in range(times):
        if subprocess.run([control, verb], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            return
    raise RuntimeError(f"{control} {verb} failed {times} times")
