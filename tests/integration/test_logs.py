"""One request is found in the log of the API and of the worker: real processes, JSON lines."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from tests.integration.conftest import Service
from tests.sandbox_daemon import SandboxDaemon
from tests.waiting import wait_until

KEY = "k" * 43
SECRETS = (KEY, "the-program-text", "the-input", "THE-OUTPUT")
PROGRAM = {
    "language": "python",
    "source": "print(input().upper().replace('INPUT', 'OUTPUT'))  # the-program-text",
    "stdin": "the-input",
}


def lines(path: Path) -> list[dict[str, object]]:
    """But for what Celery writes past its own log when it is asked to stop."""
    text = path.read_text().partition("\nworker: Warm shutdown")[0]
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def api(service: Service, log: Path) -> Iterator[httpx.Client]:
    socket = service.folder / "api.sock"
    command = [sys.executable, "-m", "gunicorn", "--bind", f"unix:{socket}", "--no-control-socket"]
    command += ["--threads", "4", "--logger-class", "app.gunicorn_log.Logger", "app.wsgi"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=service.environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_until(socket.exists, or_fail=log.read_text)
        transport = httpx.HTTPTransport(uds=str(socket))
        headers = {"Authorization": f"Bearer {KEY}"}
        yield httpx.Client(
            transport=transport, base_url="http://podline", headers=headers, timeout=30
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def test_every_line_is_json_and_names_request_and_execution(
    service: Service, sandbox: SandboxDaemon
) -> None:
    chosen = {
        "PODLINE_LOG_FORMAT": "json",
        "PODLINE_LOG_LEVEL": "debug",  # else Celery says nothing of a task that succeeded
        "PODLINE_RUNTIME_URL": f"unix://{sandbox.socket}",
        "PODLINE_ADMIN_KEY": KEY,
        "PYTHONWARNINGS": "ignore",  # Celery warns root before there is a log
    }
    service = replace(service, environment=os.environ | service.environment | chosen)
    log = service.folder / "api.log"
    queues = "admission,saga,pods,monitor,results"
    with service.worker(queues), api(service, log) as client:
        request = {"X-Request-Id": "from-a-test"}
        answer = client.post("/api/v1/executions?wait=30", json=PROGRAM, headers=request)
        execution = answer.json()
        assert execution["result"]["stdout"] == "THE-OUTPUT\n"

    ids = {"request_id": "from-a-test", "execution_id": execution["id"]}
    (access,) = [line for line in lines(log) if line["logger"] == "app.api.access_log"]
    assert ids.items() <= access.items()
    assert (access["route"], access["status"]) == ("/api/v1/executions", 200)
    done = [line for line in lines(service.log_path("one")) if line["logger"] == "celery.app.trace"]
    steps = [line for line in done if ids.items() <= line.items()]
    for name in ("admission.admit", "saga.step", "pods.create", "monitor.poll", "results.persist"):
        assert any(f"podline.{name}" in str(line["message"]) for line in steps)
    for path in (log, service.log_path("one")):
        assert not [secret for secret in SECRETS if secret in path.read_text()]
