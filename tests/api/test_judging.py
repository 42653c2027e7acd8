"""Tests and checkers as clients see them."""

from dataclasses import replace
from typing import Any

import pytest

from app.api import results
from app.domain.pod import Pod
from app.domain.report import Limit, Report, StageOutput, StageReport
from app.domain.result import BEGINNING_BYTES
from app.infrastructure.memory.runtime import Script, exited
from tests.support.api_contract import PROGRAM, Api, Json, body
from tests.support.twins import Twins
from tests.support.worker import Worker

CHECKER: Json = {"language": "c", "source": "int main() { return 0; }"}


def stage(**facts: Any) -> StageReport:
    run = exited().run
    assert run
    return replace(run, **facts)


def outputs(*texts: bytes) -> tuple[StageOutput, ...]:
    return tuple(StageOutput(stdout=text, stderr=b"") for text in texts)


def judged(api: Api, twins: Twins, worker: Worker, script: Script, **sent: Any) -> Json:
    """The execution of the program, which does what the script says."""
    twins.runtime.script = lambda pod: Script(ends=exited(1)) if "-c" in pod.name else script
    submitted = body(api.post("/api/v1/executions", PROGRAM | sent), 202)
    worker.run_all()
    return body(api.get(f"/api/v1/executions/{submitted['id']}"))


THREE = [
    {"name": "first", "stdin": "1", "expected_output": "1", "points": 10},
    {"stdin": "2", "expected_output": "2"},
    {"stdin": "3", "expected_output": "x", "points": 0.5},
]


def test_a_test_shows_how_it_ended_and_what_it_is_worth(
    api: Api, twins: Twins, worker: Worker
) -> None:
    killed = stage(exit_code=None, signal="SIGKILL", stopped_by=Limit.MEMORY)
    ends = Report(
        compile=None,
        runs=(stage(wall_us=1_500, memory_peak_kib=2_000), killed, stage(memory_peak_kib=3_000)),
    )
    script = Script(outputs=outputs(b"1\n", b"", b"3\xff"), ends=ends)

    execution = judged(api, twins, worker, script, tests=THREE)

    assert execution["outcome"] == "memory_limit"
    result = execution["result"]
    assert result["tests"][0] == {
        "name": "first",
        "outcome": "success",
        "exit_code": 0,
        "signal": None,
        "stopped_by": None,
        "stdout": "1\n",
        "stderr": "",
        "stdout_truncated": False,
        "stderr_truncated": False,
        "stdout_base64": None,
        "stderr_base64": None,
        "stdout_bytes": 2,
        "stderr_bytes": 0,
        "wall_ms": 1.5,
        "cpu_ms": 1.0,
        "memory_peak_kib": 2_000,
        "points": 10,
        "message": None,
    }
    second, third = result["tests"][1:]
    assert (second["name"], second["outcome"], second["points"]) == ("2", "memory_limit", 0)
    assert (second["signal"], second["stopped_by"]) == ("SIGKILL", "memory_mib")
    assert (third["outcome"], third["stdout"]) == ("wrong_output", "3\ufffd")
    assert third["stdout_base64"]
    assert (result["points"], result["points_max"]) == (10, 11.5)
    assert (result["wall_ms"], result["cpu_ms"], result["memory_peak_kib"]) == (3.5, 3.0, 3_000)
    for name in ("exit_code", "signal", "stdout", "stderr", "stdout_bytes", "stopped_by"):
        assert result[name] is None


def test_a_skipped_test_shows_nothing_of_its_run(api: Api, twins: Twins, worker: Worker) -> None:
    script = Script(outputs=outputs(b"wrong", b"2", b"x"))
    execution = judged(api, twins, worker, script, tests=THREE, stop_on_failure=True)
    last = execution["result"]["tests"][2]
    assert (last["outcome"], last["points"], last["stdout"]) == ("skipped", 0, "")
    assert (last["exit_code"], last["wall_ms"], last["stdout_bytes"]) == (None, None, 0)
    body(api.get(f"/api/v1/executions/{execution['id']}/tests/2/stdout"), 404)


@pytest.mark.parametrize("index", ["3", "-1", "²", "0" * 10 + "9", "0" * 5000, "9" * 5000])
def test_there_is_no_output_of_a_test_that_does_not_exist(
    api: Api, twins: Twins, worker: Worker, index: str
) -> None:
    script = Script(outputs=outputs(b"1", b"2", b"x"))
    execution = judged(api, twins, worker, script, tests=THREE)
    body(api.get(f"/api/v1/executions/{execution['id']}/tests/{index}/stdout"), 404)


def test_after_a_compile_error_there_are_no_tests(api: Api, twins: Twins, worker: Worker) -> None:
    script = Script(
        ends=Report(compile=stage(exit_code=1), runs=()),
        compile_output=StageOutput(stdout=b"", stderr=b"expected ;"),
    )
    result = judged(api, twins, worker, script, tests=THREE)["result"]
    assert (result["tests"], result["points"], result["points_max"]) == ([], 0, 11.5)
    assert result["compile"]["stderr"] == "expected ;"
    assert result["wall_ms"] is None


def test_without_tests_there_are_no_points(api: Api, twins: Twins, worker: Worker) -> None:
    result = judged(api, twins, worker, Script(prints=b"hello\n"))["result"]
    assert (result["tests"], result["points"], result["points_max"]) == (None, None, None)
    assert (result["stdout"], result["stdout_bytes"]) == ("hello\n", 6)


def test_what_a_checker_says_is_the_message(api: Api, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda pod: (
        Script(ends=exited(1), prints_errors=b"line 1 differs")
        if pod.name.endswith("-c")
        else Script(prints=b"1")
    )
    tests = [{"stdin": "1"}, {"stdin": "2"}]
    sent = PROGRAM | {"tests": tests, "checker": CHECKER}
    submitted = body(api.post("/api/v1/executions", sent), 202)
    worker.run_all()
    execution = body(api.get(f"/api/v1/executions/{submitted['id']}"))
    assert execution["outcome"] == "wrong_output"
    said = [(test["outcome"], test["message"]) for test in execution["result"]["tests"]]
    assert said == [("wrong_output", "line 1 differs")] * 2


def test_executions_are_found_by_the_outcome_of_a_checker(
    api: Api, twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda pod: Script(ends=exited(3 if pod.name.endswith("-c") else 0))
    submitted = body(api.post("/api/v1/executions", PROGRAM | {"checker": CHECKER}), 202)
    worker.run_all()
    listed = body(api.get("/api/v1/executions?outcome=checker_error"))["items"]
    assert [each["id"] for each in listed] == [submitted["id"]]
    assert listed[0]["message"] == "The checker exited with 3"


def test_a_response_shows_the_beginning_and_the_bytes_have_a_url(
    api: Api, twins: Twins, worker: Worker
) -> None:
    long = b"x" * (BEGINNING_BYTES - 1) + "€".encode() * 10
    execution = judged(api, twins, worker, Script(outputs=outputs(long, b"a\xff")), tests=[{}, {}])
    first = execution["result"]["tests"][0]
    assert first["stdout"] == "x" * (BEGINNING_BYTES - 1)
    assert (first["stdout_bytes"], first["stdout_truncated"]) == (len(long), False)
    path = f"/api/v1/executions/{execution['id']}/tests"
    assert api.get(f"{path}/0/stdout").data == long
    assert api.get(f"{path}/1/stdout").data == b"a\xff"
    assert api.get(f"{path}/1/stderr").data == b""
    assert api.get(f"{path}/0/stdout", headers={"Range": "bytes=0-2"}).data == b"xxx"
    for index in ("2", "-1", "x", "٣", "9" * 5000):
        body(api.get(f"{path}/{index}/stdout"), 404)
    body(api.get(f"/api/v1/executions/{execution['id']}/stdout"), 404)


def test_a_single_run_is_cut_too(api: Api, twins: Twins, worker: Worker) -> None:
    long = b"\x80" * (BEGINNING_BYTES + 1)
    result = judged(api, twins, worker, Script(prints=long))["result"]
    assert len(result["stdout"]) == BEGINNING_BYTES
    assert result["stdout_bytes"] == len(long)


def test_a_response_has_no_more_than_four_mebibytes_of_output(
    api: Api, twins: Twins, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SHOWN_BYTES", 10)
    execution = judged(api, twins, worker, Script(prints=b"1234"), tests=[{}, {}, {}, {}])
    shown = [test["stdout"] for test in execution["result"]["tests"]]
    assert shown == ["1234", "1234", "12", ""]
    assert {test["stdout_bytes"] for test in execution["result"]["tests"]} == {4}


def test_limits_name_the_maxima_of_tests(api: Api) -> None:
    limits = body(api.get("/api/v1/limits"))
    assert limits["input"]["tests"] == 200
    assert limits["max_wall_seconds"] == 600


def test_what_judges_never_reaches_the_program_s_pod(
    api: Api, twins: Twins, worker: Worker
) -> None:
    pods: list[Pod] = []

    def script(pod: Pod) -> Script:
        pods.append(pod)
        return Script()

    twins.runtime.script = script
    checker = {"language": "c", "source": "SECRET"}
    tests = [{"name": "SECRET", "expected_output": "SECRET", "points": 12345}, {}]
    sent = PROGRAM | {"tests": tests, "checker": checker, "expected_output": "SECRET"}
    body(api.post("/api/v1/executions", sent), 202)
    worker.run_all()
    program, judge = pods
    assert "SECRET" not in repr(program)
    assert "12345" not in repr(program)
    assert "SECRET" in repr(judge)


def test_the_stream_says_how_each_test_ended_and_not_its_verdict(
    api: Api, twins: Twins, worker: Worker
) -> None:
    script = Script(outputs=outputs(b"wrong"), ends=Report(compile=None, runs=(stage(),)))
    execution = judged(api, twins, worker, script, tests=THREE)
    sent = api.get(f"/api/v1/executions/{execution['id']}/stream").text
    before, _, _ = sent.partition("event: result")
    assert before.count("event: test\n") == 3
    assert (
        '{"attempt":1,"index":0,"exit_code":0,"signal":null,"wall_ms":1.0,"cpu_ms":1.0,'
        '"memory_peak_kib":1024,"stopped_by":null}'
    ) in before
    assert "outcome" not in before
    assert "event: stdout" not in sent
