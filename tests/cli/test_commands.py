"""What every command except run and watch requests and prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Podline
from tests.support.fake_answers import MOMENT, event_as, problem
from tests.support.fake_service import Ending, FakeService


def letter(letter_id: str) -> dict[str, Any]:
    return {
        "id": letter_id,
        "kind": "poison",
        "status": "waiting",
        "origin": "queue:saga",
        "execution_id": None,
        "payload": "e30=",
        "error": "not a task",
        "attempts": 1,
        "retries": 0,
        "first_failed_at": MOMENT,
        "last_failed_at": MOMENT,
        "next_retry_at": None,
    }


def test_submit_prints_the_id(service: FakeService, podline: Podline, folder: Path) -> None:
    (folder / "main.py").write_text("")
    first = podline("submit", "main.py", "--idempotency-key", "k")
    again = podline("submit", "main.py", "--idempotency-key", "k", "--json")
    (execution_id,) = service.executions
    assert first.stdout == f"{execution_id}\n"
    assert json.loads(again.stdout)["id"] == execution_id


def has(shown: object, said: object) -> bool:
    """Whether all that a service said is shown; fields that it does not know may be there, too."""
    if isinstance(said, dict) and isinstance(shown, dict):
        return all(has(shown[name], value) for name, value in said.items())
    return shown == said


def test_get(service: FakeService, podline: Podline) -> None:
    service.ending = Ending(outcome="memory_limit", result={"stdout": "out"})
    execution = service.ended(service.add_execution())
    service.executions[execution["id"]] = execution
    for said in ("completed", "python 3.11.2", "3 bytes", "9216 KiB", "--memory-mib"):
        assert said in podline("get", execution["id"]).stdout
    shown = json.loads(podline("get", execution["id"], "--json").stdout)
    assert has(shown, execution)


def test_list_goes_on_to_the_limit(service: FakeService, podline: Podline) -> None:
    ids = [service.add_execution()["id"] for _ in range(5)]
    shown = json.loads(podline("list", "--limit", 3, "--json").stdout)
    assert [execution["id"] for execution in shown] == ids[:1:-1]
    assert podline("list").stdout.count("queued") == 5


def test_list_passes_filters_on(service: FakeService, podline: Podline) -> None:
    podline("list", "--state", "queued", "--label", "a=b", "--owner", "bob", "--language", "c")
    assert service.requests[-1]["query"] == {
        "state": ["queued"],
        "label": ["a:b"],
        "owner": ["bob"],
        "language": ["c"],
        "limit": ["20"],
    }


def test_cancel(service: FakeService, podline: Podline) -> None:
    ids = [service.add_execution()["id"] for _ in range(2)]
    assert podline("cancel", *ids).stdout == f"{ids[0]} cancelled\n{ids[1]} cancelled\n"
    again = podline("cancel", ids[0])
    assert (again.exit_code, again.stderr) == (1, f"podline: Conflict: {ids[0]} ended already\n")


def test_queue(podline: Podline) -> None:
    shown = podline("queue").stdout
    assert "2 used, 0 free of 2" in shown
    assert "queued for 1.5 s" in shown
    assert json.loads(podline("queue", "--json").stdout)["counts"]["queued"]["normal"] == 3


def test_languages(podline: Podline) -> None:
    assert "main.py" in podline("languages").stdout
    shown = json.loads(podline("languages", "--json").stdout)
    assert [language["name"] for language in shown] == ["python", "c"]


def test_dead_letters(service: FakeService, podline: Podline) -> None:
    service.dead_letters = {letter_id: letter(letter_id) for letter_id in ("a", "b", "c")}
    service.dead_letters["b"]["next_retry_at"] = MOMENT
    listed = podline("dlq", "list", "--status", "waiting", "--kind", "poison", "--json")
    assert [each["id"] for each in json.loads(listed.stdout)] == ["a", "b", "c"]
    _, never, overdue, _ = podline("dlq", "list").stdout.splitlines()
    assert "not a task" in never
    assert " overdue " in overdue
    assert " overdue " not in never
    assert "queue:saga" in podline("dlq", "show", "a").stdout
    assert podline("dlq", "retry", "a", "b").stdout == "a retrying\nb retrying\n"
    assert podline("dlq", "discard", "c").stdout == "c discarded\n"


def test_events(service: FakeService, podline: Podline) -> None:
    service.log = [event_as(f"01J.{version}") for version in range(1, 6)]
    shown = podline("events", "--from", "2026-01-02T03:04Z", "--type", "failed", "--limit", 3)
    assert shown.stdout.count("no node") == 3
    assert service.requests[0]["query"] == {
        "from": ["2026-01-02T03:04:00+00:00"],
        "type": ["podline.execution.failed.v1"],
    }
    as_json = podline("events", "--execution", "01J", "--json")
    assert json.loads(as_json.stdout) == service.log


def test_replays(service: FakeService, podline: Podline) -> None:
    started = podline(
        *("replay", "start", "rebuild", "--target", "sqlite:////x.db", "--to", "2026-01-02T03:04Z"),
        *("--type", "failed", "--type", "queued", "--execution", "01J", "--dry-run"),
    )
    assert started.stdout == "replay-1\n"
    assert service.requests[-1]["body"] == {
        "mode": "rebuild",
        "target": "sqlite:////x.db",
        "from": None,
        "to": "2026-01-02T03:04:00+00:00",
        "types": ["podline.execution.failed.v1", "podline.execution.queued.v1"],
        "executions": ["01J"],
        "dry_run": True,
    }
    service.replays["replay-1"]["to"] = MOMENT
    assert "rebuild, dry run" in podline("replay", "list").stdout
    assert "gone=1" in podline("replay", "show", "replay-1").stdout
    shown = podline("replay", "show", "replay-1", "--json")
    assert json.loads(shown.stdout) == service.replays["replay-1"]
    assert podline("replay", "cancel", "replay-1").stdout == "replay-1 cancelled\n"


def test_to_resubmit_everything_has_to_be_said(service: FakeService, podline: Podline) -> None:
    done = podline("replay", "start", "resubmit", "--dry-run")
    assert (done.exit_code, done.stdout, service.replays) == (2, "", {})
    assert "--from, --to, --type or --execution" in done.stderr
    assert podline("replay", "start", "resubmit", "--from", "1970-01-01").stdout == "replay-1\n"


def test_a_time_that_is_none_is_refused(podline: Podline) -> None:
    done = podline("events", "--from", "yesterday")
    assert done.exit_code == 2
    assert "'yesterday' is not a time such as" in done.stderr


def test_keys(service: FakeService, podline: Podline) -> None:
    created = podline("keys", "create", "alice", "--role", "operator", "--max-unfinished", "5")
    assert created.stdout == "pdl_secret\n"
    (key_id,) = service.keys
    assert service.requests[-1]["body"] == {
        "name": "alice",
        "role": "operator",
        "max_unfinished": 5,
    }
    listed = podline("keys", "list").stdout
    assert "alice" in listed
    assert "pdl_secret" not in listed
    assert podline("keys", "delete", key_id).exit_code == 0
    assert service.keys == {}


def test_doctor_when_all_is_well(podline: Podline) -> None:
    done = podline("doctor")
    assert done.exit_code == 0
    assert "FAILED" not in done.stdout
    assert "python 3.11.2" in done.stdout
    assert "enforced by the kernel: memory.max of cgroup version 2" in done.stdout


def test_doctor_names_what_is_wrong(service: FakeService, podline: Podline) -> None:
    service.dependencies = {"store": "locked", "redis": None}
    done = podline("doctor", "--key", "wrong", "--json")
    assert done.exit_code == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert {name for name, check in checks.items() if not check["ok"]} == {
        "store",
        "key and languages",
    }
    assert checks["store"]["detail"] == "locked"
    assert "--key" in checks["key and languages"]["detail"]


def test_doctor_fails_where_a_limit_does_not_hold(service: FakeService, podline: Podline) -> None:
    service.limits_held = [{"limit": "cpu", "by": "nobody", "how": "a test program exceeded it"}]
    done = podline("doctor")
    assert done.exit_code == 1
    assert "not enforced: a test program exceeded it" in done.stdout


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
    assert "hush" not in podline("settings").stdout


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
        ("queue",),
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
    ],
    ids=" ".join,
)
def test_errors_are_one_line_on_stderr_and_nothing_on_stdout(
    command: tuple[str, ...], service: FakeService, podline: Podline
) -> None:
    service.incidents = [problem(403, "Forbidden", detail="the role\nis not enough")]
    done = podline(*command, "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("podline: Forbidden: the role is not enough.")
    assert done.stderr.count("\n") == 1
