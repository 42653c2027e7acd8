"""How often `podline up` started children again, which it writes into the folder of counters."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from app.infrastructure.prometheus.folder import VARIABLE
from app.ports.families import CHILD_RESTARTS

FILE: Final = "restarts.json"


def write(folder: Path, restarts: Mapping[tuple[str, str], int]) -> None:
    """Replace the counts of each child and why. Raises OSError, and then keeps the old ones."""
    new = folder / f"{FILE}.new"
    new.write_text(json.dumps([[*key, count] for key, count in restarts.items()]))
    new.replace(folder / FILE)


class ChildRestarts(Collector):
    """Empty where `podline up` does not run: on a cluster, the kubelet counts restarts."""

    def collect(self) -> Iterable[Metric]:
        name = CHILD_RESTARTS.name.removesuffix("_total")
        family = CounterMetricFamily(name, CHILD_RESTARTS.help, labels=CHILD_RESTARTS.labels)
        for child, why, count in _read():
            family.add_metric([child, why], count)
        yield family


def _read() -> list[tuple[str, str, int]]:
    if VARIABLE not in os.environ:
        return []
    try:
        text = Path(os.environ[VARIABLE], FILE).read_text()
    except FileNotFoundError:
        return []
    return [(child, why, count) for child, why, count in json.loads(text)]
