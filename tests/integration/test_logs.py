"""A request can be followed through the JSON logs of a real API and worker."""

import json
from pathlib import Path

from tests.integration.conftest import KEY, Service
from tests.support.sandbox_daemon import SandboxDaemon

SECRETS = (KEY, "the-program-text", "the-input", "THE-OUTPUT")
PROGRAM = {
    "language": "python",
    "source": "print(input().upper().replace('INPUT', 'OUTPUT'))  # the-program-text",
    "stdin": "the-input",
}


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_line_is_json_and_names_request_and_execution(
    service: Service, sandbox: SandboxDaemon
) -> None:
    service = service.with_runtime(
        sandbox,
        PODLINE_LOG_FORMAT="json",
        PODLINE_LOG_LEVEL="debug",  # otherwise Celery logs nothing about a task that succeeded
    )
    queues = "admission,saga,pods,monitor,results"
    with service.worker(queues), service.api() as client:
        request = {"X-Request-Id": "from-a-test"}
        answer = client.post("/api/v1/executions?wait=60", json=PROGRAM, headers=request)
        execution = answer.json()
        assert execution["result"]["stdout"] == "THE-OUTPUT\n"

    ids = {"request_id": "from-a-test", "execution_id": execution["id"]}
    (access,) = [
        line
        for line in lines(service.log_path("api"))
        if line["logger"] == "app.api.access_log" and line["route"] != "/healthz"
    ]
    assert ids.items() <= access.items()
    assert (access["route"], access["status"]) == ("/api/v1/executions", 200)
    done = [line for line in lines(service.log_path("one")) if line["logger"] == "celery.app.trace"]
    steps = [line for line in done if ids.items() <= line.items()]
    for name in ("admission.admit", "saga.step", "pods.create", "monitor.poll", "results.persist"):
        assert any(f"podline.{name}" in str(line["message"]) for line in steps)
    for path in map(service.log_path, ("api", "one")):
        assert not [secret for secret in SECRETS if secret in path.read_text()]
