"""The limits in force where the runtime accepts less than the settings allow."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.api_key import Role
from app.domain.artifact import ArtifactMaxima
from app.domain.errors import RuntimeUnavailable
from app.domain.language import Language
from app.infrastructure.memory.runtime import MemoryRuntime
from tests.support.api_contract import PROGRAM, Api, body, connector
from tests.support.twins import make_twins

EXECUTIONS = "/api/v1/executions"
ACCEPTS = {"python": {"processes": 60, "output_kib": 9_999}, "javascript": {"processes": 44}}


class SmallRuntime(MemoryRuntime):
    def languages(self) -> list[Language]:
        return [
            replace(language, accepts=ACCEPTS.get(language.name, {}))
            for language in super().languages()
        ]


def connected(runtime: MemoryRuntime, **policy: Any) -> Api:
    ports = make_twins().ports
    made = replace(ports, runtime=runtime, policy=replace(ports.policy, **policy))
    return connector(made)("ada", Role.USER)


def named(items: Sequence[dict[str, object]], name: str) -> object:
    return next(item for item in items if item["name"] == name)["limits"]


def test_defaults_and_maxima_of_a_language_are_lowered() -> None:
    items = body(connected(SmallRuntime()).get("/api/v1/languages"))["items"]
    lowered, other = named(items, "python"), named(items, "bash")
    assert isinstance(lowered, dict)
    assert isinstance(other, dict)
    assert (lowered["default"]["processes"], lowered["maximum"]["processes"]) == (60, 60)
    assert (other["default"]["processes"], other["maximum"]["processes"]) == (128, 256)
    assert lowered["maximum"]["output_kib"] == other["maximum"]["output_kib"]


def test_the_limits_hold_for_every_language() -> None:
    limits = body(connected(SmallRuntime()).get("/api/v1/limits"))
    for stage in ("limits", "compile_limits"):
        assert limits[stage]["default"]["processes"] == 44
        assert limits[stage]["maximum"]["processes"] == 44


def test_a_program_gets_the_lowered_default_and_may_not_ask_for_more() -> None:
    api = connected(SmallRuntime())
    made = body(api.post(EXECUTIONS, PROGRAM), 202)
    assert made["limits"]["processes"] == 60
    most = {"limits": {"processes": 60}}
    assert body(api.post(EXECUTIONS, PROGRAM | most), 202)["limits"]["processes"] == 60
    more = {"limits": {"processes": 61}, "compile_limits": {"processes": 61}}
    errors = body(api.post(EXECUTIONS, PROGRAM | more), 422)["errors"]
    assert [(error["pointer"], error["detail"]) for error in errors] == [
        ("/limits/processes", "must be at most 60"),
        ("/compile_limits/processes", "must be at most 60"),
    ]
    bash = PROGRAM | {"language": "bash"} | more
    assert body(api.post(EXECUTIONS, bash), 202)["limits"]["processes"] == 61


class PrintingRuntime(MemoryRuntime):
    def languages(self) -> list[Language]:
        return [
            replace(language, keeps_artifacts=language.name == "bash")
            for language in super().languages()
        ]


def test_artifacts_are_refused_where_they_are_not_available() -> None:
    api = connected(PrintingRuntime())
    assert body(api.get("/api/v1/limits"))["artifacts"] is None
    items = body(api.get("/api/v1/languages"))["items"]
    assert {item["name"] for item in items if item["artifacts"]} == {"bash"}
    wanted = {"artifacts": ["out/*"]}
    (error,) = body(api.post(EXECUTIONS, PROGRAM | wanted), 422)["errors"]
    assert (error["pointer"], error["detail"]) == (
        "/artifacts",
        "is not available here: programs can only print",
    )
    body(api.post(EXECUTIONS, PROGRAM | wanted | {"language": "bash"}), 202)
    everywhere = connected(MemoryRuntime())
    maxima = body(everywhere.get("/api/v1/limits"))["artifacts"]
    assert maxima == {"files": 64, "bytes": 8 * 1024 * 1024}


class LoggingRuntime(MemoryRuntime):
    def languages(self) -> list[Language]:
        return [
            replace(language, max_artifact_bytes=1_000 if language.name == "c" else None)
            for language in super().languages()
        ]


@pytest.mark.parametrize(("set_bytes", "reported"), [(None, 1_000), (1_001, 1_000), (999, 999)])
def test_what_is_kept_of_files_is_the_lower_of_setting_and_runtime(
    set_bytes: int | None, reported: int
) -> None:
    most = ArtifactMaxima(bytes=set_bytes, files=3) if set_bytes else ArtifactMaxima()
    limits = body(connected(LoggingRuntime(), artifacts=most).get("/api/v1/limits"))
    assert limits["artifacts"] == {"files": most.files, "bytes": reported}


class TightRuntime(MemoryRuntime):
    def languages(self) -> list[Language]:
        return [replace(language, max_input_bytes=1_000) for language in super().languages()]


def test_more_input_than_a_runtime_takes_is_refused() -> None:
    api = connected(TightRuntime())
    assert body(api.get("/api/v1/limits"))["max_input_bytes"] == 1_000
    tests = [{"stdin": f"{n}" * 300, "expected_output": ""} for n in range(4)]
    body(api.post(EXECUTIONS, PROGRAM | {"tests": tests[:3]}), 202)

    (error,) = body(api.post(EXECUTIONS, PROGRAM | {"tests": tests}), 422)["errors"]

    assert error["pointer"] == "/tests"
    assert "and at most 1000 are possible here" in error["detail"]


def test_a_checker_needs_room_for_each_input_and_answer() -> None:
    api = connected(TightRuntime())
    checker = {"language": "c", "source": "c" * 400}
    sent = PROGRAM | {"checker": checker}
    fits = {"stdin": "i" * 300, "expected_output": "e" * 250}
    body(api.post(EXECUTIONS, sent | {"tests": [fits]}), 202)

    larger = fits | {"expected_output": "e" * 300}
    (error,) = body(api.post(EXECUTIONS, sent | {"tests": [fits, larger]}), 422)["errors"]

    assert error["pointer"] == "/tests/1"
    assert error["detail"].startswith("the checker, the input and the expected output have 10")
    assert error["detail"].endswith("and at most 1000 are possible here")
    (error,) = body(api.post(EXECUTIONS, sent | larger), 422)["errors"]
    assert error["pointer"] == "/checker"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"stdin": "x" * 1_001}, "/stdin"),
        ({"source": "x" * 1_001}, "/source"),
        ({"source": None, "files": [{"name": "a", "content": "x" * 999}]}, "/files"),
    ],
)
def test_what_has_most_of_too_much_input_is_named(sent: dict[str, Any], field: str) -> None:
    (error,) = body(connected(TightRuntime()).post(EXECUTIONS, PROGRAM | sent), 422)["errors"]

    assert error["pointer"] == field


class AwayRuntime(MemoryRuntime):
    def languages(self) -> list[Language]:
        raise RuntimeUnavailable("the daemon is down")


def test_without_the_runtime_the_settings_are_reported() -> None:
    limits = body(connected(AwayRuntime()).get("/api/v1/limits"))
    assert limits["limits"]["default"]["processes"] == 128
    assert limits["max_input_bytes"] is None
