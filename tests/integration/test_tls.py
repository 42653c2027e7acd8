"""TLS to a real Redis: every part speaks it, and nobody trusts a certificate that is not valid."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import redis
from kombu.exceptions import OperationalError

from app.infrastructure.celery.application import make_publisher
from app.infrastructure.redis.connection import connect
from podline import Client, Unreachable
from tests.support.parts import start_part
from tests.support.ports import free_port
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.standalone import all_up
from tests.support.tls import HOST, OTHER_NAME, certificate, needs_redis_server, redis_server
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.long, needs_redis_server]

KEY = "pdl_a-key-for-a-test-of-tls"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def url(pem: Path) -> Iterator[str]:
    with redis_server(pem, "hunter2") as url:
        yield url


def by_an_adapter(url: str) -> None:
    connect(url).ping()


def by_celery(url: str) -> None:
    with make_publisher(url).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)


both = pytest.mark.parametrize("ping", [by_an_adapter, by_celery])


@both
def test_a_certificate_of_a_known_ca_is_trusted(
    ping: Callable[[str], None], url: str, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ping(f"{url}?ssl_ca_certs={pem}")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    ping(url)


@both
def test_one_that_nobody_vouches_for_is_refused(ping: Callable[[str], None], url: str) -> None:
    with pytest.raises((redis.ConnectionError, OperationalError), match="self-signed certificate"):
        ping(url)


@both
def test_one_of_another_host_is_refused(
    ping: Callable[[str], None], url: str, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with pytest.raises(
        (redis.ConnectionError, OperationalError), match="not valid for 'localhost'"
    ):
        ping(url.replace(HOST, OTHER_NAME))


@both
def test_a_certificate_is_not_verified_only_if_the_url_says_so(
    ping: Callable[[str], None], url: str
) -> None:
    ping(f"{url}?ssl_cert_reqs=none")


def test_the_whole_service_runs_with_it(
    url: str, pem: Path, sandbox: SandboxDaemon, tmp_path: Path
) -> None:
    api, flower = (f"http://{HOST}:{free_port()}" for _ in range(2))
    environment = {
        **os.environ,
        "SSL_CERT_FILE": str(pem),
        "PODLINE_DATA_DIR": str(tmp_path),
        "PODLINE_REDIS_URL": url,
        "PODLINE_RUNTIME_URL": f"unix://{sandbox.socket}",
        "PODLINE_ADMIN_KEY": KEY,
        "PODLINE_FLOWER_PASSWORD": KEY,
    }
    commands = {
        "api": ("app.server", "--bind", api.removeprefix("http://")),
        "worker": ("celery", "-A", "tasks", "worker"),
        "beat": ("celery", "-A", "tasks", "beat", "--pidfile="),
        "flower": ("app.flower", f"--address={HOST}", f"--port={flower.rpartition(':')[2]}"),
    }
    tmp_path.chmod(0o700)
    processes: list[subprocess.Popen[bytes]] = []

    def logs() -> str:
        return "\n".join((tmp_path / f"{name}.log").read_text()[-2000:] for name in commands)

    try:
        for name, command in commands.items():
            processes.append(start_part(tmp_path / f"{name}.log", environment, *command))
        with Client(api, KEY) as client:
            wait_until(lambda: ready(client), within=120, or_fail=logs)
            execution = client.run("print(6 * 7)", language="python", timeout=120)
            assert execution.result is not None
            assert execution.result.stdout == "42\n"
            wait_until(lambda: client.readiness().status == "ready", within=120, or_fail=logs)
        wait_until(lambda: queues(flower), within=60, or_fail=logs)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)
    assert "hunter2" not in logs()


def ready(client: Client) -> bool:
    with suppress(Unreachable):
        return all_up(client.readiness())
    return False


def queues(flower: str) -> bool:
    """Whether Flower asks Redis for the lengths of queues, which it does by itself."""
    with suppress(httpx.TransportError):
        response = httpx.get(f"{flower}/api/queues/length", auth=("podline", KEY))
        return response.status_code == 200 and bool(response.json()["active_queues"])
    return False
