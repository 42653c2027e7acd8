"""What every command except run and watch requests and prints."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from app.cli import followed
from app.domain.audit import AUDIT_EVENT
from app.domain.disk import Room
from app.domain.errors import RuntimeUnavailable
from app.domain.execution import State
from app.domain.filters import EventFilter
from app.domain.language import HeldLimit, Holder, LimitName
from app.domain.pod import Pod
from app.domain.report import Limit
from app.domain.worker import WorkerReport
from app.infrastructure.memory.runtime import Script
from app.service.batches import submit_batch
from app.service.dead_letters import record_poison
from app.service.relay import relay
from app.service.reporting import PlaceReporter
from app.service.usage import fold
from podline import Client, Unauthenticated, connection
from podline.transport import BlockingTransport
from tests.cli.conftest import Podline
from tests.support.answers import as_usual, problem
from tests.support.builders import a_key, a_message, a_report, a_submission
from tests.support.service import Service
from tests.support.staff import staffed


def test_submit_prints_the_id(service: Service, podline: Podline, folder: Path) -> None:
    (folder / "main.py").write_text("")
    first = podline("submit", "main.py", "--idempotency-key", "k")
    again = podline("submit", "main.py", "--idempotency-key", "k", "--json")
    (execution,) = service.submitted()
    assert first.stdout == f"{execution.id}\n"
    assert json.loads(again.stdout)["id"] == execution.id


def has(shown: object, said: object) -> bool:
    """Whether everything that the service sent is shown, apart from any new fields."""
    if isinstance(said, dict) and isinstance(shown, dict):
        return all(has(shown[name], value) for name, value in said.items())
    return shown == said


def test_get(service: Service, podline: Podline) -> None:
    service.twins.runtime.script = lambda _: Script(
        prints=b"out", ends=a_report(stopped_by=Limit.MEMORY)
    )
    execution = service.twins.submit()
    for said in ("completed", "python 3.11", "3 bytes", "9216 KiB", "--memory-mib"):
        assert said in podline("get", execution.id).stdout
    shown = json.loads(podline("get", execution.id, "--json").stdout)
    answer = httpx.get(
        f"{service.url}/api/v1/executions/{execution.id}",
        headers={"Authorization": f"Bearer {service.key}"},
    )
    assert has(shown, answer.json())


def test_get_says_how_long_an_output_is_of_which_it_has_the_beginning(
    service: Service, podline: Podline
) -> None:
    service.twins.runtime.script = lambda _: Script(prints=b"x" * 100_000)
    execution = service.twins.submit()
    assert "100000 bytes" in podline("get", execution.id).stdout


def test_retry_prints_the_new_ids(service: Service, podline: Podline) -> None:
    ids = [service.twins.submit().id for _ in range(2)]
    new = podline("retry", *ids).stdout.split()
    assert len({*ids, *new}) == 4
    again = json.loads(podline("retry", *ids, "--json").stdout)
    assert [each["id"] for each in again] == new
    assert [each["retry_of"] for each in again] == ids


def test_delete_says_what_it_erased_before_it_failed(service: Service, podline: Podline) -> None:
    ended = service.twins.submit().id
    done = podline("delete", ended, "01J")
    assert (done.exit_code, done.stdout) == (1, f"{ended} deleted\n")
    assert done.stderr.startswith("podline: Not found")
    assert podline("get", ended).exit_code == 1
    other = service.twins.submit().id
    assert json.loads(podline("delete", other, "--json").stdout) == {"deleted": [other]}


def test_delete_refuses_what_has_not_ended(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    execution = service.twins.submit()
    assert podline("delete", execution.id).exit_code == 1
    assert podline("get", execution.id).exit_code == 0


def test_logs_are_what_the_program_printed(service: Service, podline: Podline) -> None:
    service.twins.runtime.script = lambda _: Script(prints=b"out\xff\n")
    execution = service.twins.submit()
    done = podline("logs", execution.id)
    assert (done.exit_code, done.stdout_bytes) == (0, b"out\xff\n")
    assert json.loads(podline("logs", execution.id, "--json").stdout) == {
        "stdout": "out\ufffd\n",
        "stdout_base64": "b3V0/wo=",
        "stderr": "",
        "stderr_base64": None,
    }


def test_logs_of_what_has_not_ended(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    execution_id = service.twins.submit().id
    done = podline("logs", execution_id)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("podline: Not found")
    assert f"`podline watch {execution_id}` shows" in done.stderr
    podline("cancel", execution_id)
    assert "watch" not in podline("logs", execution_id).stderr
    assert "no execution 01J" in podline("logs", "01J").stderr


def test_console(service: Service, podline: Podline) -> None:
    shown = podline("console").stdout.strip()
    address, token = shown.split("#token=")
    assert address == f"{service.url}/sign-in"
    assert token.startswith("pds_")
    shown = json.loads(podline("console", "--json").stdout)["url"]
    assert shown.startswith(address)
    with Client(service.url, shown.split("=")[1]) as browser, pytest.raises(Unauthenticated):
        browser.usage()  # It is not a key.


def test_usage(service: Service, podline: Podline) -> None:
    service.twins.submit(owner="ada")
    fold(service.twins.store.usage)
    shown = podline("usage").stdout
    assert "2026-01-02" in shown
    assert "0.001" in shown
    assert "ada" not in shown
    assert "ada" in podline("usage", "--owner", "*").stdout
    (day,) = json.loads(podline("usage", "--from", "2026-01-01", "--json").stdout)
    assert day["executions"] == 1
    assert json.loads(podline("usage", "--to", "2026-01-01", "--json").stdout) == []
    assert "must be a day" in podline("usage", "--from", "x").stderr


def test_usage_of_the_disk(service: Service, podline: Podline) -> None:
    service.twins.disk.taken = {"logs": 2**20, "blobs": 3 * 2**20}
    service.twins.disk.room = Room(free=80 * 2**20, total=100 * 2**20)
    shown = [line.split() for line in podline("usage", "--disk").stdout.splitlines()]
    assert shown[1:4] == [["blobs", "3.0"], ["logs", "1.0"], ["total", "4.0"]]
    assert " ".join(shown[-1]) == "80 MiB are free. No new work begins with less than 5."
    found = json.loads(podline("usage", "--disk", "--json").stdout)
    assert found["parts"] == {"logs": 2**20, "blobs": 3 * 2**20}
    assert "takes neither days" in podline("usage", "--disk", "--owner", "ada").stderr


def test_a_disk_that_is_nearly_full_is_explained(service: Service, podline: Podline) -> None:
    service.twins.disk.room = Room(free=0, total=100 * 2**20)
    doctor = podline("doctor")
    assert doctor.exit_code == 1
    (line,) = (line for line in doctor.stdout.splitlines() if line.startswith("disk"))
    assert "FAILED" in line
    assert "more space" in line


def test_a_key_for_a_door(service: Service, podline: Podline) -> None:
    assert podline("keys", "create", "alice", "--door", "piston").exit_code == 0
    _, key = service.twins.store.keys.all()
    assert (key.door, key.role) == ("piston", "user")
    assert podline("keys", "list").stdout.splitlines()[2].split()[-1] == "piston"
    refused = podline("keys", "create", "alice", "--door", "piston", "--role", "admin").stderr
    assert "/door: needs the role user" in refused


def test_limits_of_a_key_change(service: Service, podline: Podline) -> None:
    podline("keys", "create", "alice", "--requests", "10/s", "--cpu-day", "3600")
    _, key = service.twins.store.keys.all()
    changes = ("--requests", "default", "--unfinished", "5")
    assert "alice" in podline("keys", "change", key.id, *changes).stdout
    _, key = service.twins.store.keys.all()
    assert (key.requests, key.cpu_day, key.max_unfinished) == (None, 3600, 5)
    assert json.loads(podline("keys", "change", key.id, "--json").stdout)["cpu_day"] == 3600
    assert podline("keys", "change", key.id, "--unfinished", "0").exit_code == 2
    assert "there is no key x" in podline("keys", "change", "x").stderr


def test_limits_of_a_key(service: Service, podline: Podline) -> None:
    limits = ("--requests", "10/s", "--cpu-day", "3600", "--unfinished", "100")
    assert podline("keys", "create", "alice", *limits).exit_code == 0
    _, key = service.twins.store.keys.all()
    assert (key.requests, key.cpu_day, key.max_unfinished) == ("10/s", 3600, 100)
    assert podline("keys", "list").stdout.splitlines()[2].split()[4:] == [
        "100",
        "10/s",
        "3600",
        "-",
    ]
    assert (
        "/requests: must be a number of"
        in podline("keys", "create", "a", "--requests", "fast").stderr
    )


def test_callbacks(service: Service, podline: Podline, folder: Path) -> None:
    (folder / "main.py").write_text("")
    submitted = podline("submit", "main.py", "--callback-url", "https://example.com/ended")
    assert submitted.exit_code == 0
    assert len(service.twins.callbacks.sent) == 1
    assert "delivered" in podline("get", submitted.stdout.strip()).stdout
    refused = podline("submit", "main.py", "--callback-url", "http://10.0.0.1/")
    assert "/callback_url: the host is not a public address" in refused.stderr


def test_the_secrets_of_callbacks(service: Service, podline: Podline) -> None:
    secrets = service.twins.ports.callback_secrets
    created = podline("keys", "create", "alice")
    _, key = service.twins.store.keys.all()
    assert created.stdout.startswith("pdl_")
    assert created.stderr == f"The secret of its callbacks: {secrets.of(key.id, 1)}\n"
    assert podline("keys", "rotate-secret", key.id).stdout == f"{secrets.of(key.id, 2)}\n"
    rotated = json.loads(podline("keys", "rotate-secret", key.id, "--json").stdout)
    assert rotated["callback_secret"] == secrets.of(key.id, 3)
    shown = json.loads(podline("keys", "create", "bob", "--json").stdout)
    assert shown["callback_secret"].startswith("pcs_")


def test_list_continues_to_the_limit(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    ids = [service.twins.submit().id for _ in range(5)]
    shown = json.loads(podline("list", "--limit", 3, "--json").stdout)
    assert [execution["id"] for execution in shown] == ids[:1:-1]
    assert podline("list").stdout.count("queued") == 5


def test_list_says_that_there_are_more(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    for _ in range(20):
        service.twins.submit()
    assert podline("list").stderr == ""
    service.twins.submit()
    shown = podline("list")
    assert shown.stderr == "podline: only the newest 20 are shown; use --limit to see more\n"
    assert shown.stdout.count("queued") == 20
    assert len(service.requests) == 2, "not one request more"
    for options in (["--json"], ["--limit", 2]):
        assert podline("list", *options).stderr == ""


def test_other_lists_say_that_there_are_more(service: Service, podline: Podline) -> None:
    for number in range(51):
        record_poison(service.twins.ports, "saga", a_message(b"%d" % number), "not a task")
    for _ in range(11):
        service.twins.submit()
    relay(service.twins.ports)
    for _ in range(21):
        podline("replay", "start", "reemit", "--target", "again", "--dry-run")
    for command, hint in (
        (["dlq", "list"], "the newest 50 "),
        (["replay", "list"], "the newest 20 "),
        (["events"], "the oldest 50 "),
    ):
        assert hint in podline(*command).stderr
        assert podline(*command, "--limit", 1).stderr == ""
        refused = podline(*command, "--limit", 2**63)
        assert (refused.exit_code, "Invalid value for '--limit'" in refused.stderr) == (2, True)


def test_all_events_of_an_execution_are_shown(service: Service, podline: Podline) -> None:
    execution = service.twins.submit()
    relay(service.twins.ports)
    log = service.twins.ports.event_log
    last = log.read(EventFilter(), None, 5).events[-1]
    log.append([replace(last, version=version) for version in range(6, 61)])
    shown = podline("events", "--execution", execution.id)
    assert (shown.stdout.count(execution.id), shown.stderr) == (60, "")
    assert podline("events", execution.id).stdout.count(execution.id) == 5
    assert len(json.loads(podline("events", execution.id, "--json").stdout)) == 5
    assert podline("events", execution.id, "--limit", 7).stdout.count(execution.id) == 7


def test_a_pause_that_the_service_asks_for_is_said_once(
    service: Service, podline: Podline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []

    async def sleep(_: BlockingTransport, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(BlockingTransport, "sleep", sleep)
    slow = problem(429, retry_after=7)
    service.incidents = [slow, slow]
    said = podline("languages").stderr
    assert said == "podline: waiting 7 s, as the service asks: Trouble\n"
    assert pauses == [7, 7]
    service.incidents = [slow]
    assert podline("languages", "--json").stderr == ""


def test_get_waits(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    execution = service.twins.submit()
    service.unfinished_answers = 2
    assert "completed" in podline("get", execution.id, "--wait").stdout


def test_list_of_a_batch_and_of_all_owners(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    batch = submit_batch(service.twins.ports, a_key(name="bob"), [a_submission()]).batch
    service.twins.submit()
    shown = podline("list", "--batch", batch.id, "--owner", "*").stdout
    assert "bob" in shown
    assert shown.count("queued") == 1
    assert "bob" not in podline("list").stdout


def test_workers(service: Service, podline: Podline) -> None:
    now = service.twins.clock()
    beat = WorkerReport(name="a:1", kind="beat", roles=(), version="0.2", seen_at=now)
    worker = WorkerReport(
        name="b:2", kind="worker", roles=("pods", "saga"), version="0.2", seen_at=now
    )
    for report in (beat, worker):
        service.twins.ports.worker_reports.put(report)
    lines = podline("workers").stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["name", "a:1", "b:2"]
    assert "pods saga" in lines[2]
    shown = json.loads(podline("workers", "--json").stdout)
    assert [each["kind"] for each in shown["items"]] == ["beat", "worker"]
    (place,) = shown["places"]
    columns = lines[-1].split()
    assert columns[:4] == ["-", place["version"], str(place["slots"]), str(place["free"])]
    assert columns[4:] == place["languages"]


def test_list_passes_filters_on(service: Service, podline: Podline) -> None:
    options = ("--state", "queued", "--label", "a=b", "--language", "c", "--priority", "low")
    podline("list", *options, "--owner", "bob")
    assert service.requests[-1]["query"] == {
        "state": ["queued"],
        "label": ["a:b"],
        "owner": ["bob"],
        "language": ["c"],
        "priority": ["low"],
        "limit": ["21"],
    }


def test_cancel(service: Service, podline: Podline) -> None:
    service.runs_nothing()
    ids = [service.twins.submit().id for _ in range(2)]
    assert podline("cancel", *ids).stdout == f"{ids[0]} cancelled\n{ids[1]} cancelled\n"
    again = podline("cancel", ids[0])
    assert (again.exit_code, again.stderr) == (
        1,
        f"podline: Not possible in this state: execution {ids[0]} is already cancelled\n",
    )


def test_queue(service: Service, podline: Podline) -> None:
    service.twins.runtime.script = lambda _: Script(ends=None)
    for _ in range(5):
        service.twins.submit()
    service.twins.clock.advance(1.5)
    shown = podline("queue").stdout
    assert "2 used, 0 free of 2" in shown
    assert "queued for 1.5 s" in shown
    assert "the longest queues: ada 3" in shown
    assert json.loads(podline("queue", "--json").stdout)["counts"]["queued"]["normal"] == 3
    assert "started ahead" not in shown


def test_queue_shows_what_is_started_ahead(service: Service, podline: Podline) -> None:
    service.twins.runtime.room, service.twins.runtime.pool_size = 4, 3
    service.twins.runtime.tend()
    PlaceReporter(service.twins.ports).report()
    assert "pods started ahead: python 3.11: 3 of 3" in podline("queue").stdout


def test_languages(podline: Podline) -> None:
    table = podline("languages").stdout
    assert "main.py" in table
    compiled = {line.split()[0]: line.split()[3] for line in table.splitlines()}
    assert (compiled["python"], compiled["c"]) == ("no", "yes")
    assert "lodash=4.17.21" in table
    shown = json.loads(podline("languages", "--json").stdout)
    assert [each["name"] for each in shown] == ["python", "javascript", "c", "cpp", "bash"]
    assert shown[1]["packages"] == {"lodash": "4.17.21"}


def test_dead_letters(service: Service, podline: Podline) -> None:
    for number in range(3):
        record_poison(service.twins.ports, "saga", a_message(b"%d" % number), "not a task")
    listed = podline("dlq", "list", "--status", "waiting", "--kind", "poison", "--json")
    first, second, third = (each["id"] for each in json.loads(listed.stdout))
    lines = podline("dlq", "list").stdout.splitlines()[1:]
    assert all("not a task" in line and " overdue " in line for line in lines)
    assert "queue:saga" in podline("dlq", "show", first).stdout
    retried = podline("dlq", "retry", first, second)
    assert retried.stdout == f"{first} retrying\n{second} retrying\n"
    assert podline("dlq", "discard", third).stdout == f"{third} discarded\n"
    *_, discarded = podline("dlq", "list").stdout.splitlines()
    assert " overdue " not in discarded


def test_events(service: Service, podline: Podline) -> None:
    execution = service.twins.submit()
    relay(service.twins.ports)
    shown = podline("events", "--from", "2026-01-02T02:54Z", "--type", "queued", "--limit", 3)
    assert shown.stdout.count(execution.id) == 1
    assert service.requests[0]["query"] == {
        "from": ["2026-01-02T02:54:00+00:00"],
        "type": ["podline.execution.queued.v1"],
    }
    as_json = json.loads(podline("events", "--execution", execution.id, "--json").stdout)
    assert [event["version"] for event in as_json] == [1, 2, 3, 4, 5]


def test_events_of_the_audit_log(service: Service, podline: Podline) -> None:
    podline("keys", "create", "alice")
    service.twins.submit()
    relay(service.twins.ports)
    (event,) = json.loads(podline("events", "--type", "audit", "--json").stdout)
    assert (event["type"], event["data"]["target"]["name"]) == (AUDIT_EVENT, "alice")
    _, row = podline("events", "--type", "audit").stdout.splitlines()
    assert " audit " in row
    assert row.endswith("POST /api/v1/keys")


def test_events_as_they_arrive(
    service: Service, podline: Podline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podline.pages._ASK_AGAIN", 0)
    execution = service.twins.submit()
    relay(service.twins.ports)
    for options in ((), ("--json",)):
        service.incidents = [as_usual, as_usual, problem(500)]
        shown = podline(
            *("events", "-f", "--execution", execution.id, "--from", "2026-01-02", *options)
        )
        assert (shown.exit_code, len(shown.stdout.splitlines())) == (1, 5)
    assert json.loads(shown.stdout.splitlines()[4])["version"] == 5
    assert "Trouble" in json.loads(shown.stderr)["error"]
    assert "can't be combined" in podline("events", "-f", "--to", "2026-01-02").stderr


def test_events_are_followed_from_now_on(service: Service, podline: Podline) -> None:
    service.incidents = [problem(500)]
    podline("events", "-f")
    (since,) = service.requests[0]["query"]["from"]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()) < 60


def test_replays(service: Service, podline: Podline) -> None:
    started = podline(
        *("replay", "start", "reemit", "--target", "again", "--to", "2026-01-02T02:04Z"),
        *("--type", "failed", "--type", "queued", "--execution", "01J", "--dry-run"),
    )
    id = started.stdout.strip()
    assert service.requests[-1]["body"] == {
        "mode": "reemit",
        "target": "again",
        "from": None,
        "to": "2026-01-02T02:04:00+00:00",
        "types": ["podline.execution.failed.v1", "podline.execution.queued.v1"],
        "executions": ["01J"],
        "dry_run": True,
    }
    assert "reemit, dry run" in podline("replay", "list").stdout
    assert "again" in podline("replay", "show", id).stdout
    assert json.loads(podline("replay", "show", id, "--json").stdout)["id"] == id
    assert podline("replay", "cancel", id).stdout == f"{id} cancelled\n"


def test_to_resubmit_everything_has_to_be_said(service: Service, podline: Podline) -> None:
    done = podline("replay", "start", "resubmit", "--dry-run")
    assert (done.exit_code, done.stdout, service.requests) == (2, "", [])
    assert "--from, --to, --type or --execution" in done.stderr
    assert podline("replay", "start", "resubmit", "--from", "1970-01-01").exit_code == 0


def test_a_time_that_is_none_is_refused(podline: Podline) -> None:
    done = podline("events", "--from", "yesterday")
    assert done.exit_code == 2
    assert "'yesterday' is not a time such as" in done.stderr


def test_keys(service: Service, podline: Podline) -> None:
    created = podline("keys", "create", "alice", "--role", "operator", "--max-unfinished", "5")
    assert created.stdout.startswith("pdl_")
    _, key = service.twins.store.keys.all()
    assert service.requests[-1]["body"] == {
        "name": "alice",
        "role": "operator",
        "max_unfinished": 5,
    }
    listed = podline("keys", "list").stdout
    assert "alice" in listed
    assert created.stdout.strip() not in listed
    assert podline("keys", "delete", key.id).exit_code == 0
    assert key not in service.twins.store.keys.all()


def test_audit(service: Service, podline: Podline) -> None:
    assert podline("audit", "--json").stdout.strip() == "[]"
    podline("keys", "create", "alice")
    _, key = service.twins.store.keys.all()
    shown = podline("audit").stdout
    assert f"key_id={key.id} name=alice role=user" in shown
    assert "POST /api/v1/keys" in shown
    (record,) = json.loads(podline("audit", "--json").stdout)
    assert (record["outcome"], record["status"]) == ("succeeded", 201)


def test_doctor_when_all_is_well(service: Service, podline: Podline) -> None:
    staffed(service.twins)
    done = podline("doctor", "--quick")
    assert done.exit_code == 0
    assert "FAILED" not in done.stdout
    assert "python 3.11" in done.stdout
    assert "enforced by the runtime: the test" in done.stdout


def test_doctor_names_what_is_wrong(service: Service, podline: Podline) -> None:
    staffed(service.twins, "worker", "watcher")
    service.twins.runtime.unavailable = True
    done = podline("doctor", "--key", "wrong", "--json")
    assert done.exit_code == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert {name for name, check in checks.items() if not check["ok"]} == {
        "runtime",
        "beat",
        "key and languages",
    }
    assert checks["runtime"]["detail"] == RuntimeUnavailable.__doc__
    assert "--key" in checks["key and languages"]["detail"]


def test_doctor_fails_where_a_limit_does_not_hold(service: Service, podline: Podline) -> None:
    cpu = HeldLimit(limit=LimitName.CPU, by=Holder.NOBODY, how="a test program exceeded it")
    service.twins.runtime.held = [cpu]
    done = podline("doctor")
    assert done.exit_code == 1
    assert "not enforced: a test program exceeded it" in done.stdout


PYTHON = "program python 3.11"


def printing(text: bytes) -> Callable[[Pod], Script]:
    return lambda _: Script(prints=text)


def programs(done: Result) -> dict[str, dict[str, object]]:
    checks = json.loads(done.stdout)["checks"]
    return {check["name"]: check for check in checks if check["name"].startswith("program ")}


def test_doctor_follows_a_program_through_each_step(service: Service, podline: Podline) -> None:
    staffed(service.twins)
    service.twins.runtime.script = printing(b"podline\n")
    done = podline("doctor", "--json")
    assert done.exit_code == 0
    detail = str(programs(done)[PYTHON]["detail"])
    for step in ("admitted", "starting", "finished", "completed"):
        assert f"{step} +" in detail
    assert podline("list", "--json").stdout.strip() == "[]"


def test_doctor_says_what_is_wrong_with_a_program(service: Service, podline: Podline) -> None:
    service.twins.runtime.script = printing(b"pod")
    done = podline("doctor", "--json")
    assert done.exit_code == 1
    check = programs(done)[PYTHON]
    assert str(check["detail"]).startswith("it printed 'pod' instead of 'podline\\n' (admitted +")


def test_doctor_names_the_role_that_a_program_waits_for(
    service: Service, podline: Podline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "PATIENCE_SECONDS", 0.2)
    service.twins.runtime.script = lambda _: Script(ends=None)
    check = programs(podline("doctor", "--json"))[PYTHON]
    assert "is still running after 0 s: it runs, or waits for the pod monitor" in str(
        check["detail"]
    )
    (first, *_) = service.submitted()
    assert service.twins.now(first).state is State.CANCELLED


def test_doctor_submits_no_more_once_the_service_takes_no_programs(
    service: Service, podline: Podline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LONGEST_PAUSE", 1.0)
    assert len(service.twins.runtime.offered) > 1
    podline("doctor", "--quick")  # What is ready is not asked again within a second.
    service.twins.disk.room = Room(free=0, total=10**9)
    (check,) = programs(podline("doctor", "--json")).values()
    assert not check["ok"]
    assert "nearly full" in str(check["detail"])


def test_doctor_where_nothing_answers(podline: Podline) -> None:
    done = podline("doctor", "--url", "http://127.0.0.1:1")
    assert done.exit_code == 1
    assert "podline up" in done.stdout


def test_settings_are_shown_with_where_they_came_from(
    podline: Podline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODLINE_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("PODLINE_FLOWER_PASSWORD", "hush")
    done = podline("settings", "--json")
    shown = {setting["name"]: setting for setting in json.loads(done.stdout)}
    assert shown["max_attempts"] == {
        "name": "max_attempts",
        "value": "7",
        "source": "PODLINE_MAX_ATTEMPTS",
    }
    assert "hush" not in done.stdout
    shown_as_text = podline("settings").stdout
    assert "hush" not in shown_as_text
    assert max(line.find("PODLINE_MAX_ATTEMPTS") for line in shown_as_text.splitlines()) < 80


def test_a_wrong_setting_is_named(podline: Podline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODLINE_MAX_ATTEMPTS", "many")
    done = podline("settings")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "max_attempts" in done.stderr.lower()


@pytest.mark.parametrize(
    "command",
    [
        ("get", "01J"),
        ("list",),
        ("cancel", "01J"),
        ("retry", "01J"),
        ("delete", "01J"),
        ("logs", "01J"),
        ("queue",),
        ("workers",),
        ("languages",),
        ("dlq", "list"),
        ("dlq", "show", "a"),
        ("dlq", "retry", "a"),
        ("dlq", "discard", "a"),
        ("events",),
        ("replay", "start", "resubmit", "--type", "failed"),
        ("replay", "list"),
        ("replay", "show", "a"),
        ("replay", "cancel", "a"),
        ("keys", "list"),
        ("keys", "create", "alice"),
        ("keys", "delete", "a"),
        ("keys", "rotate-secret", "a"),
        ("usage",),
        ("console",),
    ],
    ids=" ".join,
)
def test_errors_are_one_line_on_stderr_and_nothing_on_stdout(
    command: tuple[str, ...], service: Service, podline: Podline
) -> None:
    service.incidents = [problem(403, "Forbidden", detail="the role\nis not enough")]
    done = podline(*command)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("podline: Forbidden: the role is not enough.")
    assert done.stderr.count("\n") == 1


def test_errors_are_json_where_the_output_is(service: Service, podline: Podline) -> None:
    service.incidents = [problem(403, "Forbidden", detail="the role\n\x1bis \u00fc")]
    done = podline("list", "--json")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    said = json.loads(done.stderr)
    assert said["error"].startswith("Forbidden: the role \x1bis \u00fc.")
    assert said["problem"]["status"] == 403
    assert said["problem"]["detail"] == "the role\n\x1bis \u00fc"


def test_errors_that_are_not_the_apis_have_no_problem(podline: Podline, folder: Path) -> None:
    done = podline("list", "--json", "--url", "http://127.0.0.1:1")
    assert done.exit_code == 1
    assert json.loads(done.stderr)["problem"] is None
    done = podline("list", "--json", "--data-dir", folder / "none")
    assert "does not exist" in json.loads(done.stderr)["error"]


def test_what_a_command_can_not_do_is_explained_in_json_too(podline: Podline, folder: Path) -> None:
    (folder / "x").write_text("")
    for options in ((), ("--json",)):
        done = podline("run", "x", *options)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("{" if options else "Usage:")
    assert "unknown language of x" in json.loads(done.stderr)["error"]


def test_a_run_with_json_explains_its_failure_in_json(service: Service, podline: Podline) -> None:
    service.incidents = [problem(404, "Not found")]
    done = podline("watch", "01J", "--json")
    assert done.exit_code == 125
    assert json.loads(done.stderr)["problem"]["title"] == "Not found"
