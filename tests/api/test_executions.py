"""What clients can do with a submitted execution."""

import base64
import threading
from dataclasses import replace
from typing import Any

import pytest

from app.domain.api_key import Role
from app.domain.errors import StoreUnavailable
from app.domain.report import Limit, Report, StageOutput, StageReport
from app.infrastructure.memory.executions import MemoryExecutions
from app.infrastructure.memory.runtime import Script, exited
from tests.support.api_contract import PROGRAM, Api, Connect, Json, body, connector
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"


def submit(api: Api, **fields: Any) -> str:
    id = body(api.post(EXECUTIONS, PROGRAM | fields), 202)["id"]
    assert isinstance(id, str)
    return id


def completed(api: Api, twins: Twins, worker: Worker, script: Script) -> Json:
    """A program that did what the script says, as the API shows it."""
    twins.runtime.script = lambda _pod: script
    id = submit(api)
    worker.run_all()
    return body(api.get(f"{EXECUTIONS}/{id}"))


class TestResult:
    def test_says_how_it_ended_and_what_it_printed(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        execution = completed(api, twins, worker, Script(prints=b"hello\n", ends=exited(0)))
        assert (execution["state"], execution["outcome"]) == ("completed", "success")
        assert execution["result"] == {
            "exit_code": 0,
            "signal": None,
            "stdout": "hello\n",
            "stderr": "",
            "stdout_truncated": False,
            "stderr_truncated": False,
            "stdout_base64": None,
            "stderr_base64": None,
            "wall_ms": 1.0,
            "cpu_ms": 1.0,
            "memory_peak_kib": 1024,
            "stopped_by": None,
            "compile": None,
            "stdout_bytes": 6,
            "stderr_bytes": 0,
            "tests": None,
            "points": None,
            "points_max": None,
            "artifacts": [],
            "artifacts_left_out": [],
        }
        assert execution["completed_at"].endswith("Z")

    def test_bytes_that_are_not_utf8_are_exact_in_base64(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        result = completed(api, twins, worker, Script(prints=b"a\xff\n"))["result"]
        assert result["stdout"] == "a�\n"
        assert base64.b64decode(result["stdout_base64"]) == b"a\xff\n"
        assert result["stderr_base64"] is None

    def test_a_signal_has_a_name_and_no_exit_code(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        result = completed(api, twins, worker, Script(ends=exited(signal="SIGSEGV")))["result"]
        assert (result["signal"], result["exit_code"]) == ("SIGSEGV", None)

    def test_a_compile_error_has_the_compiler_s_words_and_no_run(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        compile = StageReport(
            exit_code=1, signal=None, wall_us=80_100, cpu_us=None, memory_peak_kib=None
        )
        script = Script(
            ends=type(exited())(compile=compile, runs=()),
            compile_output=StageOutput(stdout=b"", stderr=b"expected ;"),
        )
        execution = completed(api, twins, worker, script)
        assert execution["outcome"] == "compile_error"
        assert execution["result"]["exit_code"] is None
        assert execution["result"]["wall_ms"] is None
        assert execution["result"]["compile"] == {
            "exit_code": 1,
            "signal": None,
            "stdout": "",
            "stderr": "expected ;",
            "wall_ms": 80.1,
            "cpu_ms": None,
            "memory_peak_kib": None,
            "stopped_by": None,
            "cached": False,
        }
        assert execution["message"] is None

    def test_a_program_that_was_compiled_before_says_so(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        ended = exited().run
        assert ended
        script = Script(ends=Report(compile=replace(ended, cached=True), runs=(ended,)))
        execution = completed(api, twins, worker, script)
        assert execution["outcome"] == "success"
        assert execution["result"]["compile"]["cached"] is True

    def test_a_limit_that_stopped_the_program_is_named(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        ended = exited(signal="SIGKILL").run
        assert ended
        run = replace(ended, stopped_by=Limit.WALL)
        execution = completed(api, twins, worker, Script(ends=Report(compile=None, runs=(run,))))
        assert execution["outcome"] == "time_limit"
        assert execution["result"]["stopped_by"] == "wall_seconds"
        assert execution["message"] is None

    def test_a_limit_that_stopped_the_compiler_is_no_mistake_in_the_program(
        self, api: Api, twins: Twins, worker: Worker
    ) -> None:
        compile = StageReport(
            exit_code=None,
            signal="SIGKILL",
            wall_us=10_000_000,
            cpu_us=70_200,
            memory_peak_kib=51_200,
            stopped_by=Limit.WALL,
        )
        script = Script(
            ends=Report(compile=compile, runs=()),
            compile_output=StageOutput(stdout=b"", stderr=b""),
        )
        execution = completed(api, twins, worker, script)
        assert execution["outcome"] == "compile_error"
        message = "A limit stopped the compiler: compile_limits.wall_seconds"
        assert execution["message"] == message
        compiled = execution["result"]["compile"]
        assert (compiled["cpu_ms"], compiled["memory_peak_kib"]) == (70.2, 51_200)
        assert compiled["stopped_by"] == "wall_seconds"
        assert execution["result"]["stopped_by"] is None
        events = body(api.get(f"{EXECUTIONS}/{execution['id']}/events"))["items"]
        assert events[-1]["data"]["message"] == message


class TestGetting:
    def test_a_queued_one_has_a_position(self, api: Api, twins: Twins, worker: Worker) -> None:
        twins.runtime.script = lambda _pod: Script(ends=None)
        ids = [submit(api) for _ in range(4)]
        worker.run_all()
        shown = [body(api.get(f"{EXECUTIONS}/{id}")) for id in ids]
        assert [execution["queue_position"] for execution in shown] == [None, None, 1, 2]

    def test_one_of_another_owner_does_not_exist(self, api: Api, connect: Connect) -> None:
        id = submit(api)
        stranger = connect("bob", Role.USER)
        for path in ("", "/events", "/stream", "/submission", "/stdout"):
            assert stranger.get(f"{EXECUTIONS}/{id}{path}").status_code == 404
        for path in ("/cancel", "/retry"):
            assert stranger.post(f"{EXECUTIONS}/{id}{path}").status_code == 404
        assert stranger.delete(f"{EXECUTIONS}/{id}").status_code == 404

    def test_another_key_of_the_same_name_is_the_same_owner(
        self, api: Api, connect: Connect
    ) -> None:
        assert connect("ada", Role.USER).get(f"{EXECUTIONS}/{submit(api)}").status_code == 200

    def test_an_operator_sees_everybody_s(self, api: Api, operator: Api) -> None:
        assert operator.get(f"{EXECUTIONS}/{submit(api)}").status_code == 200


class TestWaiting:
    def test_ends_when_the_execution_does(self, api: Api, twins: Twins, worker: Worker) -> None:
        listening = threading.Event()
        waited_without_sync: set[str] = set()
        listen = twins.ports.wakeups.listen

        def announced_listen(subject_id: str, *, progress: bool = False) -> Any:
            listening.set()
            return listen(subject_id, progress=progress)

        twins.ports.wakeups.listen = announced_listen  # type: ignore[method-assign]  # only for this test

        def work() -> None:
            assert listening.wait(60)
            waited_without_sync.update(twins.store.tables.not_durable)
            worker.run_all()

        thread = threading.Thread(target=work)
        thread.start()
        execution = body(api.post(f"{EXECUTIONS}?wait=30", PROGRAM))
        thread.join()
        assert execution["state"] == "completed"
        assert execution["result"] is not None
        assert waited_without_sync == {execution["id"]}

    def test_ends_when_the_time_is_over(self, api: Api) -> None:
        execution = body(api.post(f"{EXECUTIONS}?wait=0.05", PROGRAM))
        assert execution["state"] == "queued"
        again = body(api.get(f"{EXECUTIONS}/{execution['id']}?wait=0.05"))
        assert again["state"] == "queued"

    @pytest.mark.parametrize(
        ("query", "status"), [("", 202), ("?wait=0", 200), ("?wait=0.05", 200)]
    )
    def test_what_has_not_ended_is_durable_before_the_response(
        self, api: Api, twins: Twins, query: str, status: int
    ) -> None:
        assert body(api.post(f"{EXECUTIONS}{query}", PROGRAM), status)["state"] == "queued"
        assert not twins.store.tables.not_durable

    def test_nothing_is_promised_if_that_fails(self, api: Api, twins: Twins) -> None:
        twins.store.executions = _CannotSync(twins.store.tables)
        assert api.post(f"{EXECUTIONS}?wait=0.05", PROGRAM).status_code == 503

    def test_does_not_begin_for_what_has_ended(self, api: Api, worker: Worker) -> None:
        id = submit(api)
        worker.run_all()
        assert body(api.get(f"{EXECUTIONS}/{id}?wait=60"))["state"] == "completed"

    @pytest.mark.parametrize("wait", ["-1", "61", "nan", "soon"])
    def test_lasts_60_seconds_at_most(self, api: Api, wait: str) -> None:
        problem = body(api.post(f"{EXECUTIONS}?wait={wait}", PROGRAM), 422)
        assert problem["errors"][0]["in"] == "query"
        assert problem["errors"][0]["pointer"] == "/wait"


class _CannotSync(MemoryExecutions):
    def make_durable(self) -> None:
        raise StoreUnavailable("the disk failed")


class TestListing:
    def test_is_newest_first_and_one_s_own(self, api: Api, connect: Connect) -> None:
        ids = [submit(api) for _ in range(3)]
        submit(connect("bob", Role.USER))
        listed = body(api.get(EXECUTIONS))
        assert [item["id"] for item in listed["items"]] == sorted(ids, reverse=True)
        assert listed["next_cursor"] is None

    def test_continues_at_the_cursor(self, api: Api) -> None:
        ids = sorted((submit(api) for _ in range(5)), reverse=True)
        first = body(api.get(f"{EXECUTIONS}?limit=2"))
        second = body(api.get(f"{EXECUTIONS}?limit=2&cursor={first['next_cursor']}"))
        third = body(api.get(f"{EXECUTIONS}?limit=2&cursor={second['next_cursor']}"))
        pages = [[item["id"] for item in page["items"]] for page in (first, second, third)]
        assert pages == [ids[:2], ids[2:4], ids[4:]]
        assert third["next_cursor"] is None

    def test_filters(self, api: Api, worker: Worker) -> None:
        done = submit(api, labels={"course": "cs101", "unit": "1"})
        worker.run_all()
        waiting = submit(
            api, labels={"course": "cs101"}, language="c", source="int main;", priority="low"
        )
        for query, expected in {
            "state=completed": [done],
            "state=queued": [waiting],
            "outcome=success": [done],
            "language=c": [waiting],
            "priority=low": [waiting],
            "priority=normal&state=completed": [done],
            "label=course:cs101": [waiting, done],
            "label=course:cs101&label=unit:1": [done],
            "label=course:cs102": [],
            f"id={done}": [done],
            f"id={done}&id={waiting}&id=01J": [waiting, done],
            f"id={done}&state=queued": [],
            "state=&outcome=&language=&cursor=": [waiting, done],
        }.items():
            listed = body(api.get(f"{EXECUTIONS}?{query}"))
            assert [item["id"] for item in listed["items"]] == expected, query

    def test_of_other_owners_is_for_operators(self, api: Api, operator: Api) -> None:
        id = submit(api)
        assert api.get(f"{EXECUTIONS}?owner=otto").status_code == 403
        assert body(api.get(f"{EXECUTIONS}?owner=ada"))["items"][0]["id"] == id
        assert body(operator.get(f"{EXECUTIONS}?owner=ada"))["items"][0]["id"] == id
        assert body(operator.get(EXECUTIONS))["items"] == []

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("state=asleep", "/state"),
            ("priority=urgent", "/priority"),
            ("limit=0", "/limit"),
            ("limit=201", "/limit"),
            ("limit=many", "/limit"),
            ("cursor=%C3%A4", "/cursor"),
            ("cursor=x", "/cursor"),
            ("cursor=_w==", "/cursor"),
            ("label=nocolon", "/label/0"),
            ("colour=red", "/colour"),
            ("state=queued&state=failed", "/state"),
            ("&".join(["id=x"] * 201), "/id"),
        ],
    )
    def test_refuses_what_it_does_not_know(self, api: Api, query: str, pointer: str) -> None:
        problem = body(api.get(f"{EXECUTIONS}?{query}"), 422)
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert "^" not in problem["detail"]  # What is allowed is said in words.


class TestCancelling:
    def test_makes_it_cancelled_without_a_result(self, api: Api, worker: Worker) -> None:
        id = submit(api)
        assert body(api.post(f"{EXECUTIONS}/{id}/cancel"), 202)["state"] == "cancelled"
        worker.run_all()
        execution = body(api.get(f"{EXECUTIONS}/{id}"))
        assert (execution["state"], execution["result"]) == ("cancelled", None)

    def test_is_too_late_once_it_has_ended(self, api: Api, worker: Worker) -> None:
        id = submit(api)
        worker.run_all()
        problem = body(api.post(f"{EXECUTIONS}/{id}/cancel"), 409)
        assert problem["type"] == "urn:podline:problem:conflict"


class TestRetrying:
    def test_makes_a_new_execution(self, api: Api, worker: Worker) -> None:
        id = submit(api)
        worker.run_all()
        response = api.post(f"{EXECUTIONS}/{id}/retry")
        retry = body(response, 202)
        assert response.headers["Location"] == f"{EXECUTIONS}/{retry['id']}"
        assert retry["retry_of"] == id
        assert body(api.get(f"{EXECUTIONS}/{id}"))["retried_as"] == retry["id"]

    def test_is_too_early_before_it_has_ended(self, api: Api) -> None:
        assert api.post(f"{EXECUTIONS}/{submit(api)}/retry").status_code == 409

    def test_is_within_the_quota(self) -> None:
        twins = make_twins(max_unfinished_per_owner=1)
        api, worker = connector(twins.ports)("ada", Role.USER), Worker(twins.ports)
        first = submit(api)
        worker.run_all()
        second = submit(api)
        worker.run_all()
        retry = body(api.post(f"{EXECUTIONS}/{first}/retry"), 202)["id"]

        problem = body(api.post(f"{EXECUTIONS}/{second}/retry"), 429)

        assert problem["type"] == "urn:podline:problem:quota-exceeded"
        assert len(twins.store.tables.rows) == 3
        assert body(api.post(f"{EXECUTIONS}/{first}/retry"), 202)["id"] == retry
        assert api.post(f"{EXECUTIONS}/{retry}/retry").status_code == 409
        worker.run_all()
        body(api.post(f"{EXECUTIONS}/{second}/retry"), 202)

    def test_of_a_deleted_retry_is_gone(self, api: Api, twins: Twins, worker: Worker) -> None:
        id = submit(api)
        worker.run_all()
        retry = body(api.post(f"{EXECUTIONS}/{id}/retry"), 202)
        worker.run_all()
        assert api.delete(f"{EXECUTIONS}/{retry['id']}").status_code == 204
        problem = body(api.post(f"{EXECUTIONS}/{id}/retry"), 410)
        assert retry["id"] in problem["detail"]
        assert twins.store.counts.unfinished("ada") == 0

    def test_of_a_deleted_execution_is_not_found(self, api: Api, worker: Worker) -> None:
        id = submit(api)
        worker.run_all()
        api.delete(f"{EXECUTIONS}/{id}")
        assert api.post(f"{EXECUTIONS}/{id}/retry").status_code == 404


class TestDeleting:
    def test_erases_it(self, api: Api, twins: Twins, worker: Worker) -> None:
        id = submit(api)
        worker.run_all()
        assert api.delete(f"{EXECUTIONS}/{id}").status_code == 204
        assert api.get(f"{EXECUTIONS}/{id}").status_code == 404
        assert body(api.get(EXECUTIONS))["items"] == []
        assert twins.store.executions.submission(id) is None
        for call in (
            "",
            "/events",
            "/stream",
            "/submission",
            "/stdout",
            "/compile/stderr",
            "?wait=1",
        ):
            assert api.get(f"{EXECUTIONS}/{id}{call}").status_code == 404
        for action in ("cancel", "retry"):
            assert api.post(f"{EXECUTIONS}/{id}/{action}").status_code == 404

    def test_again_has_the_same_response(self, api: Api, connect: Connect, worker: Worker) -> None:
        id = submit(api)
        worker.run_all()
        for _ in range(2):
            assert api.delete(f"{EXECUTIONS}/{id}").status_code == 204
        assert connect("bob", Role.USER).delete(f"{EXECUTIONS}/{id}").status_code == 404
        assert api.get(f"{EXECUTIONS}/{id}").status_code == 404

    def test_is_too_early_before_it_has_ended(self, api: Api) -> None:
        assert api.delete(f"{EXECUTIONS}/{submit(api)}").status_code == 409


def test_events_tell_its_whole_story(api: Api, worker: Worker) -> None:
    id = submit(api)
    worker.run_all()
    events = body(api.get(f"{EXECUTIONS}/{id}/events"))["items"]
    assert [event["id"] for event in events] == [f"{id}.{n}" for n in range(1, len(events) + 1)]
    assert events[0]["type"] == "podline.execution.queued.v1"
    assert events[-1]["type"] == "podline.execution.completed.v1"
    assert "print" not in str(events)
