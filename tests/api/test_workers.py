"""/api/v1/workers and /api/v1/overview."""

from app.domain.minutes import MINUTE
from app.domain.worker import RunningStep, WorkerReport
from app.service.reporting import PlaceReporter
from app.service.sweep import sweep
from tests.support.api_contract import PROGRAM, Api, body
from tests.support.builders import a_dead_letter, an_id
from tests.support.twins import Twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"
FIFTHS = {f"{minute:02}" for minute in range(0, 60, 5)}


class TestWorkers:
    def test_are_listed_until_they_are_silent(self, operator: Api, twins: Twins) -> None:
        now, subject = twins.clock(), an_id()
        step = RunningStep(task="podline.pods.create", subject_id=subject, started_at=now)
        worker = WorkerReport(
            name="a:1", kind="worker", roles=("pods",), version="0.2", seen_at=now, steps=(step,)
        )
        beat = WorkerReport(name="b:1", kind="beat", roles=(), version="0.2", seen_at=now)
        for report in (beat, worker):
            twins.ports.worker_reports.put(report)
        first, second = body(operator.get("/api/v1/workers"))["items"]
        assert first == {
            "name": "a:1",
            "kind": "worker",
            "roles": ["pods"],
            "version": "0.2",
            "seen_at": "2026-01-02T02:54:05.678901Z",
            "steps": [
                {
                    "task": "podline.pods.create",
                    "subject_id": subject,
                    "started_at": "2026-01-02T02:54:05.678901Z",
                }
            ],
        }
        assert (second["name"], second["kind"], second["roles"]) == ("b:1", "beat", [])
        twins.clock.advance(61)
        assert body(operator.get("/api/v1/workers"))["items"] == []

    def test_where_programs_run(self, operator: Api, twins: Twins) -> None:
        (place,) = body(operator.get("/api/v1/workers"))["places"]
        assert (place["slots"], place["free"]) == (2, 2)
        assert "python" in place["languages"]
        assert place["version"] == twins.runtime.release()
        twins.runtime.unavailable = True
        (place,) = body(operator.get("/api/v1/workers"))["places"]
        assert (place["languages"], place["version"]) == (None, None)

    def test_what_is_started_ahead_there(self, operator: Api, twins: Twins) -> None:
        (place,) = body(operator.get("/api/v1/workers"))["places"]
        assert place["started_ahead"] == []
        twins.runtime.room, twins.runtime.pool_size = 4, 2
        PlaceReporter(twins.ports).report()
        (place,) = body(operator.get("/api/v1/workers"))["places"]
        pool = {"language": "python", "version": "3.11", "size": 2, "ready": 0}
        assert place["started_ahead"] == [pool]

    def test_only_for_operators(self, api: Api) -> None:
        for path in ("workers", "overview"):
            body(api.get(f"/api/v1/{path}"), 403)


class TestOverview:
    def test_counts_by_minute(self, api: Api, operator: Api, twins: Twins, worker: Worker) -> None:
        body(api.post(EXECUTIONS, PROGRAM), 202)
        worker.run_all()
        twins.clock.advance(60)
        cancelled = body(api.post(EXECUTIONS, PROGRAM), 202)
        body(api.post(f"{EXECUTIONS}/{cancelled['id']}/cancel"), 202)
        worker.run_all()
        body(api.post(EXECUTIONS, PROGRAM), 202)
        twins.admission.clear()
        sweep(twins.ports)
        before, this = body(operator.get("/api/v1/overview?minutes=2"))["minutes"]
        assert (before["ended"], before["queued"]) == ({"success": 1}, None)
        assert before["waiting_ms"]["p50"] == 0.9
        assert (this["ended"], this["waiting_ms"], this["queued"]) == ({"cancelled": 1}, None, 0)
        assert this["start"].endswith(":00.000000Z")

    def test_shows_an_hour_by_default(self, operator: Api, twins: Twins) -> None:
        shown = body(operator.get("/api/v1/overview"))
        assert len(shown["minutes"]) == 60
        starts = [minute["start"] for minute in shown["minutes"]]
        assert starts == sorted(starts)
        assert shown["queue"] == body(operator.get("/api/v1/queue"))
        assert twins.clock() // MINUTE

    def test_in_steps_with_a_total(self, api: Api, operator: Api, worker: Worker) -> None:
        for _ in range(2):
            body(api.post(EXECUTIONS, PROGRAM), 202)
        worker.run_all()
        shown = body(operator.get("/api/v1/overview?minutes=1440&step=5"))
        assert 288 <= len(shown["minutes"]) <= 289
        assert all(minute["start"][14:16] in FIFTHS for minute in shown["minutes"])
        assert shown["total"]["ended"] == shown["minutes"][-1]["ended"] == {"success": 2}
        body(operator.get("/api/v1/overview?step=61"), 422)

    def test_counts_dead_letters(self, operator: Api, twins: Twins) -> None:
        assert body(operator.get("/api/v1/overview"))["dead_letters"] == {}
        twins.store.dead_letters.put(a_dead_letter())
        assert body(operator.get("/api/v1/overview"))["dead_letters"] == {"waiting": 1}

    def test_of_too_many_minutes(self, operator: Api) -> None:
        for minutes in (0, 1441, "x"):
            body(operator.get(f"/api/v1/overview?minutes={minutes}"), 422)
        assert len(body(operator.get("/api/v1/overview?minutes=1440"))["minutes"]) == 1440
