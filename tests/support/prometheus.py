"""A real Prometheus on the loopback interface, with the alerts of compose/monitoring."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.support.ports import HOST, free_port
from tests.support.waiting import wait_until

PROMTOOL: Final = shutil.which(os.environ.get("PROMTOOL", "promtool"))
PROMETHEUS: Final = PROMTOOL and shutil.which(Path(PROMTOOL).with_name("prometheus"))
"""It comes in one package with promtool."""
RULES: Final = Path(__file__).parents[2] / "compose/monitoring/rules.yaml"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """What it was told so far."""

    client: httpx.Client

    def series(self, query: str) -> list[dict[str, Any]]:
        """What it has now. Fails if it doesn't understand the query."""
        found: list[dict[str, Any]] = self._data("query", query=query)["result"]
        return found

    def label_values(self, metric: str, label: str) -> list[str]:
        """What Grafana lists for `label_values(metric, label)`."""
        found: list[str] = self._data(f"label/{label}/values", **{"match[]": metric})
        return found

    def _data(self, path: str, **parameters: str) -> Any:
        response = self.client.get(f"/api/v1/{path}", params=parameters)
        assert response.status_code == 200, (parameters, response.text)
        return response.json()["data"]


@contextmanager
def scraping(folder: Path, *addresses: str) -> Iterator[Prometheus]:
    """Scrape them, and evaluate the alerts, once a second, while the context lasts."""
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "podline", "static_configs": [{"targets": list(addresses)}]}
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    address = f"{HOST}:{free_port()}"
    command = [
        str(PROMETHEUS),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    log = folder / "prometheus.log"
    with (
        log.open("wb") as out,
        httpx.Client(base_url=f"http://{address}", timeout=60) as client,
        subprocess.Popen(command, stdout=out, stderr=out) as process,
    ):
        try:
            wait_until(lambda: _is_ready(client), or_fail=log.read_text)
            yield Prometheus(client)
        finally:
            process.kill()


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False
