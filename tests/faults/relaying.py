"""A relay in a separate process, which has no lease and may be killed at any moment.

python -m tests.faults.relaying DATABASE BROKERS TOPIC
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app.domain.errors import EventLogUnavailable
from app.infrastructure.clock import now
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.topics import TopicSettings
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import Ports
from app.service.relay import relay
from tests.support.constants import changed
from tests.support.twins import make_twins

INTERVAL = 0.05


@contextmanager
def relaying(database: Path, brokers: str, topic: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run it until the context ends, and then kill it with SIGKILL."""
    process = subprocess.Popen([sys.executable, "-m", __name__, str(database), brokers, topic])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def main(database: Path, brokers: str, topic: str) -> None:
    ports = replace(
        make_twins().ports,
        store=SqliteStore(database, timeout=5),
        event_log=KafkaEventLog(topic, {"bootstrap.servers": brokers}, TopicSettings(partitions=3)),
        clock=now,
    )
    with changed(relay__BATCH=20):
        relay_for_ever(ports)


def relay_for_ever(ports: Ports) -> None:
    while True:
        try:
            relay(ports)
        except EventLogUnavailable as error:
            print("the log is unavailable:", error, flush=True)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
