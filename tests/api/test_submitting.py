"""POST /api/v1/executions: what is accepted and what is refused."""

import json
import random
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import pytest

from app.domain.api_key import Role
from app.domain.submission import Priority
from app.infrastructure.memory.wakeups import MemoryListener, MemoryWakeups
from app.ports import Ports
from tests.support.api_contract import PROGRAM, Api, Connect, body, check_problem, connector
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"


def test_a_program_is_accepted_at_once(api: Api, twins: Twins) -> None:
    response = api.post(EXECUTIONS, PROGRAM)
    assert response.status_code == HTTPStatus.ACCEPTED
    execution = response.json
    assert execution is not None
    assert response.headers["Location"] == f"{EXECUTIONS}/{execution['id']}"
    assert execution["state"] == "queued"
    assert execution["result"] is None
    stored = twins.store.executions.get(execution["id"])
    assert stored is not None
    assert stored.owner == "ada"


def test_every_field_of_an_execution_is_always_there(api: Api) -> None:
    execution = api.post(EXECUTIONS, PROGRAM | {"labels": {"course": "cs101"}}).json
    assert execution is not None
    assert execution == {
        "id": execution["id"],
        "state": "queued",
        "outcome": None,
        "language": "python",
        "version": "3.11",
        "priority": "normal",
        "attempt": 0,
        "labels": {"course": "cs101"},
        "limits": {
            "wall_seconds": 10,
            "cpu_seconds": 5,
            "memory_mib": 128,
            "processes": 128,
            "output_kib": 256,
            "disk_mib": 16,
            "stack_mib": None,
        },
        "queue_position": None,
        "message": None,
        "retry_of": None,
        "retried_as": None,
        "batch_id": None,
        "owner": None,
        "place": None,
        "created_at": "2026-01-02T02:54:05.678901Z",
        "admitted_at": None,
        "started_at": None,
        "finished_at": None,
        "completed_at": None,
        "callback": None,
        "result": None,
    }


def test_what_was_sent_is_what_is_stored(connect: Connect, twins: Twins) -> None:
    sent = {
        "language": "c",
        "version": "12",
        "files": [
            {"name": "main.c", "content": '#include "a/b.h"\n'},
            {"name": "a/b.h", "content": "/w==", "encoding": "base64"},
        ],
        "entrypoint": "main.c",
        "stdin_base64": "AP8=",
        "args": ["a", "ä b"],
        "env": {"K": "v"},
        "limits": {"wall_seconds": 1.5, "memory_mib": 64},
        "compile_limits": {"cpu_seconds": 20},
        "expected_output_base64": "/w==",
        "priority": "high",
        "labels": {"course": "cs101"},
    }
    response = connect("otto", Role.OPERATOR).post(EXECUTIONS, sent)
    assert response.status_code == HTTPStatus.ACCEPTED, response.json
    assert response.json is not None
    stored = twins.store.executions.submission(response.json["id"])
    assert stored is not None
    assert stored.language_version == "12.2"
    assert [(file.name, file.content) for file in stored.files] == [
        ("main.c", b'#include "a/b.h"\n'),
        ("a/b.h", b"\xff"),
    ]
    assert stored.stdin == b"\x00\xff"
    assert stored.args == ("a", "ä b")
    assert stored.env == {"K": "v"}
    assert (stored.limits.wall_seconds, stored.limits.memory_mib) == (1.5, 64)
    assert stored.limits.cpu_seconds == 5
    assert stored.compile_limits.cpu_seconds == 20
    assert stored.expected_output is not None
    assert stored.expected_output.exact
    assert stored.priority is Priority.HIGH


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"language": None}, "/language"),
    ({"language": "cobol"}, "/language"),
    ({"version": "2"}, "/version"),
    ({"version": "3.1"}, "/version"),
    ({"source": None}, "/source"),
    ({"files": [{"name": "main.py", "content": ""}]}, "/source"),
    ({"source": None, "files": []}, "/files"),
    ({"entrypoint": "other.py"}, "/entrypoint"),
    ({"stdin_base64": "AA=="}, "/stdin"),
    ({"stdin": None, "stdin_base64": "no base64"}, "/stdin_base64"),
    ({"args": ["a"] * 65}, "/args"),
    ({"args": ["x" * 16_385]}, "/args"),
    ({"args": ["ok", "\0"]}, "/args/1"),
    ({"args": [1]}, "/args/0"),
    ({"env": {"1A": "v"}}, "/env/1A"),
    ({"env": {"A/B~": "v"}}, "/env/A~1B~0"),
    ({"env": {"A": "\0"}}, "/env/A"),
    ({"env": {"A": "x" * 16_384}}, "/env"),
    ({"env": {f"A{i}": "" for i in range(65)}}, "/env"),
    ({"limits": {"wall_seconds": 60.5}}, "/limits/wall_seconds"),
    ({"limits": {"wall_seconds": 0}}, "/limits/wall_seconds"),
    ({"limits": {"wall_seconds": 0.0001}}, "/limits/wall_seconds"),
    ({"limits": {"cpu_seconds": -1}}, "/limits/cpu_seconds"),
    ({"limits": {"memory_mib": 1025}}, "/limits/memory_mib"),
    ({"limits": {"memory_mib": 1.5}}, "/limits/memory_mib"),
    ({"limits": {"memory_mib": True}}, "/limits/memory_mib"),
    ({"limits": {"memory_mib": "64"}}, "/limits/memory_mib"),
    ({"limits": {"processes": 10**400}}, "/limits/processes"),
    ({"limits": {"output_kib": float("nan")}}, "/limits/output_kib"),
    ({"limits": {"disk_mib": float("inf")}}, "/limits/disk_mib"),
    ({"limits": {"stack_mib": 129}}, "/limits/stack_mib"),
    ({"limits": {"stack_mib": 1025, "memory_mib": 1024}}, "/limits/stack_mib"),
    ({"compile_limits": {"stack_mib": 0}}, "/compile_limits/stack_mib"),
    ({"limits": {"cores": 1}}, "/limits/cores"),
    ({"compile_limits": {"wall_seconds": 61}}, "/compile_limits/wall_seconds"),
    ({"expected_output": "a", "expected_output_base64": "AA=="}, "/expected_output"),
    ({"priority": "urgent"}, "/priority"),
    ({"callback_url": "https://10.0.0.1/"}, "/callback_url"),
    ({"labels": {"a:b": "c"}}, "/labels/a:b"),
    ({"labels": {"a": "x" * 64}}, "/labels/a"),
    ({"labels": {str(i): "" for i in range(17)}}, "/labels"),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("change", "pointer"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_broken_rule_is_named_by_its_field(
    api: Api, twins: Twins, change: dict[str, Any], pointer: str
) -> None:
    response = api.post(EXECUTIONS, PROGRAM | change)
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert response.json is not None
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]
    assert twins.store.counts.unfinished("ada") == 0


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "a/./b", "a\0b", "ä" * 101],
)
def test_a_file_is_named_by_a_relative_path(api: Api, name: str) -> None:
    files = [{"name": "main.py", "content": ""}, {"name": name, "content": ""}]
    response = api.post(EXECUTIONS, {"language": "python", "files": files})
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert response.json is not None
    assert {error["pointer"] for error in response.json["errors"]} == {"/files/1/name"}


@pytest.mark.parametrize("names", [("a.py", "a.py"), ("a", "a/b.py")])
def test_two_files_can_not_be_in_one_place(api: Api, names: tuple[str, ...]) -> None:
    files = [{"name": name, "content": ""} for name in names]
    sent = {"language": "python", "files": files, "entrypoint": names[0]}
    assert api.post(EXECUTIONS, sent).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


CONTROLS = ["\x1b[2J", "\r", "\t", "\n", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"]
NAMES = ["é", "עברית\u200f", "👩\u200d💻", "\xa0", "\ufeff"]


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        (lambda text: {"labels": {"course": text}}, "/labels/course"),
        (lambda text: {"labels": {text: "a"}}, "/labels/{}"),
        (lambda text: {"source": None, "files": [{"name": text, "content": ""}]}, "/files/0/name"),
    ],
    ids=["a label", "a label's name", "a file's name"],
)
def test_what_a_terminal_is_shown_can_not_control_it(
    api: Api, field: Callable[[str], dict[str, Any]], pointer: str
) -> None:
    for text in CONTROLS:
        [error] = body(api.post(EXECUTIONS, PROGRAM | field(text)), 422)["errors"]
        assert error["pointer"] == pointer.format(text)
        assert f"U+{ord(text[0]):04X}" in error["detail"]


def test_a_program_may_be_given_any_character(api: Api) -> None:
    text = "".join([*CONTROLS, *NAMES])
    sent = PROGRAM | {"args": [text], "env": {"A": text}, "stdin": text}
    assert api.post(EXECUTIONS, sent).status_code == HTTPStatus.ACCEPTED


def test_a_label_and_a_file_are_named_in_any_script(api: Api) -> None:
    files = [{"name": name, "content": ""} for name in NAMES]
    sent = {"language": "python", "files": files, "entrypoint": NAMES[0]}
    labels = dict(zip(NAMES, NAMES, strict=True))
    assert api.post(EXECUTIONS, sent | {"labels": labels}).status_code == HTTPStatus.ACCEPTED


def test_all_problems_come_at_once(api: Api) -> None:
    sent = PROGRAM | {"language": "cobol", "limits": {"wall_seconds": 0}, "args": ["\0"], "env": 1}
    response = api.post(EXECUTIONS, sent)
    assert response.json is not None
    assert [error["pointer"] for error in response.json["errors"]] == [
        "/env",
        "/language",
        "/args/0",
        "/limits/wall_seconds",
    ]


BAD_KEY: Final[Mapping[str, str]] = {"Idempotency-Key": ""}


@pytest.mark.parametrize(
    ("program", "of_program"), [(PROGRAM, set()), ({"source": ""}, {("body", "/language")})]
)
def test_all_parts_of_a_request_are_checked_at_once(
    api: Api, twins: Twins, program: Mapping[str, object], of_program: set[tuple[str, str]]
) -> None:
    problem = body(api.post(f"{EXECUTIONS}?wait=61&limit=1", program, headers=BAD_KEY), 422)
    assert problem["type"] == "urn:podline:problem:invalid-request"
    found = {(error["in"], error["pointer"]) for error in problem["errors"]}
    elsewhere = {("query", "/wait"), ("query", "/limit"), ("header", "/Idempotency-Key")}
    assert found == elsewhere | of_program
    assert twins.store.counts.unfinished("ada") == 0


def test_a_header_that_is_the_only_problem_is_a_bad_request(api: Api, twins: Twins) -> None:
    problem = body(api.post(EXECUTIONS, PROGRAM, headers=BAD_KEY), 400)
    detail = "must have 1 to 255 characters"
    assert problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": f"/Idempotency-Key: {detail}",
        "errors": [{"in": "header", "pointer": "/Idempotency-Key", "detail": detail}],
    }
    assert twins.store.counts.unfinished("ada") == 0


@pytest.mark.parametrize("priority", ["critical", "high"])
def test_urgent_work_needs_an_operator(api: Api, operator: Api, priority: str) -> None:
    sent = PROGRAM | {"priority": priority}
    assert api.post(EXECUTIONS, sent).status_code == HTTPStatus.FORBIDDEN
    assert operator.post(EXECUTIONS, sent).status_code == HTTPStatus.ACCEPTED


MIB: Final = 1024 * 1024
WITH_ROOM: Final = PROGRAM | {"stdin": None, "limits": {"disk_mib": 32}}


@pytest.mark.parametrize("field", ["source", "stdin_base64", "expected_output"])
def test_each_content_can_have_8_mib_and_no_more(api: Api, twins: Twins, field: str) -> None:
    content = random.Random(1).randbytes(8 * MIB)
    if field.endswith("_base64"):
        fits, larger = (b64encode(each).decode() for each in (content, content + b"x"))
    else:
        content = bytes(ord("a") + byte % 26 for byte in content[:1000]) * (8 * MIB // 1000)
        fits, larger = (text.decode() for text in (content, content + b"x" * 1000))
    made = body(api.post(EXECUTIONS, WITH_ROOM | {field: fits}), 202)
    stored = twins.store.executions.submission(made["id"])
    assert stored is not None
    kept = {
        "source": stored.files[0].content,
        "stdin": stored.stdin,
        "expected": stored.expected_output and stored.expected_output.content,
    }
    assert kept[field.partition("_")[0]] == content

    (error,) = body(api.post(EXECUTIONS, WITH_ROOM | {field: larger}), 422)["errors"]

    assert error["pointer"] == f"/{field}"
    assert error["detail"].endswith(f"at most {8 * MIB} are allowed")


def test_files_can_have_8_mib_together(api: Api) -> None:
    sent = WITH_ROOM | {"source": None, "entrypoint": "0"}
    files = [{"name": str(number), "content": "x" * (MIB // 32)} for number in range(256)]
    body(api.post(EXECUTIONS, sent | {"files": files}), 202)
    files[0]["content"] += "x"
    (error,) = body(api.post(EXECUTIONS, sent | {"files": files}), 422)["errors"]
    assert error["pointer"] == "/files"
    (error,) = body(api.post(EXECUTIONS, sent | {"files": [*files, files[1]]}), 422)["errors"]
    assert error == {"in": "body", "pointer": "/files", "detail": "has more than 256 entries"}


def test_a_whole_submission_can_have_12_mib_and_comes_back_as_it_was_sent(api: Api) -> None:
    sent = PROGRAM | {"stdin": "ü" * (3 * MIB), "expected_output": "x"}
    encoded = json.dumps(sent, ensure_ascii=False).encode()
    sent["expected_output"] += "x" * (12 * MIB - len(encoded))
    encoded = json.dumps(sent, ensure_ascii=False).encode()
    assert len(encoded) == 12 * MIB
    as_json = {"content_type": "application/json"}
    made = body(api.call("POST", EXECUTIONS, data=encoded, **as_json), 202)
    assert body(api.get(f"{EXECUTIONS}/{made['id']}/submission")) == sent

    body(api.call("POST", EXECUTIONS, data=encoded + b" ", **as_json), 413)


def refused(api: Api, sent: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in body(api.post(EXECUTIONS, sent), 422)["errors"]]


def test_files_have_to_fit_on_the_disk(api: Api) -> None:
    """Some of it is left to the runtime, and each file takes whole blocks of 4 KiB."""
    small = {"limits": {"disk_mib": 1}}
    most = "x" * (MIB - 256 * 1024)
    assert api.post(EXECUTIONS, PROGRAM | small | {"source": most}).status_code == 202
    response = api.post(EXECUTIONS, PROGRAM | small | {"source": most + "x"})
    (error,) = body(response, 422)["errors"]
    assert error == {
        "in": "body",
        "pointer": "/source",
        "detail": "take 790528 bytes of the disk, in blocks of 4096; at most 786432 are allowed "
        "with disk_mib at 1",
    }
    blocks = [{"name": str(number), "content": "x"} for number in range(193)]
    sent = {"language": "python", "files": blocks, "entrypoint": "0"}
    assert refused(api, sent | small) == ["/files"]
    assert api.post(EXECUTIONS, sent | small | {"files": blocks[1:], "entrypoint": "1"}).json
    assert api.post(EXECUTIONS, sent).status_code == 202


def test_the_files_of_a_test_have_to_fit_beside_those_of_the_program(api: Api) -> None:
    half = "x" * (MIB // 2)
    sent = PROGRAM | {"source": half, "limits": {"disk_mib": 1}}
    own = {"files": [{"name": "more", "content": half}]}
    other = {"files": [{"name": "main.py", "content": half}]}
    larger = {"limits": {"disk_mib": 2}}
    assert refused(api, sent | {"tests": [{}, other, own | larger, own]}) == ["/tests/3/files"]
    assert api.post(EXECUTIONS, sent | {"tests": [{}, other, own | larger]}).status_code == 202
    sent |= {"source": half * 2} | larger
    smaller = {"limits": {"disk_mib": 1}}
    assert refused(api, sent | {"tests": [{}, smaller]}) == ["/tests/1/limits/disk_mib"]


def test_the_files_of_a_compiled_program_have_the_disk_of_the_compiler(api: Api) -> None:
    sent = {"language": "c", "source": "x" * MIB, "limits": {"disk_mib": 1}}
    assert api.post(EXECUTIONS, sent).status_code == 202
    assert refused(api, sent | {"compile_limits": {"disk_mib": 1}}) == ["/source"]


def test_the_files_of_a_checker_have_to_fit_on_its_disk(api: Api) -> None:
    checker = {"language": "python", "source": "x" * MIB, "limits": {"disk_mib": 1}}
    sent = PROGRAM | {"expected_output": ""}
    assert refused(api, sent | {"checker": checker}) == ["/checker/source"]


class DeletesWhatIsWaitedFor(MemoryWakeups):
    def __init__(self, ports: Ports) -> None:
        super().__init__()
        self._ports = ports

    @contextmanager
    def listen(self, subject_id: str, *, progress: bool = False) -> Iterator[MemoryListener]:
        with super().listen(subject_id, progress=progress) as listener:
            Worker(self._ports).run_all()
            self._ports.store.executions.erase(subject_id)
            yield listener


class TestIdempotency:
    KEY: Final[Mapping[str, str]] = {"Idempotency-Key": "exercise 1"}

    def test_the_same_key_and_body_give_the_first_execution(self, api: Api, twins: Twins) -> None:
        first = api.post(EXECUTIONS, PROGRAM, headers=self.KEY)
        second = api.post(EXECUTIONS, PROGRAM, headers=self.KEY)
        assert second.status_code == HTTPStatus.ACCEPTED
        assert second.json == first.json
        assert twins.store.counts.unfinished("ada") == 1

    def test_the_same_key_with_another_body_is_refused(self, api: Api) -> None:
        api.post(EXECUTIONS, PROGRAM, headers=self.KEY)
        response = api.post(EXECUTIONS, PROGRAM | {"stdin": "else"}, headers=self.KEY)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert response.json is not None
        assert response.json["type"] == "urn:podline:problem:idempotency-mismatch"

    def test_the_key_of_a_deleted_execution_is_gone(self, api: Api, twins: Twins) -> None:
        first = body(api.post(EXECUTIONS, PROGRAM, headers=self.KEY), 202)
        Worker(twins.ports).run_all()
        api.delete(f"{EXECUTIONS}/{first['id']}")
        for wait in ("", "?wait=1"):
            response = api.post(f"{EXECUTIONS}{wait}", PROGRAM, headers=self.KEY)
            check_problem(response)
            assert response.status_code == HTTPStatus.GONE
            assert body(response, 410)["type"] == "urn:podline:problem:gone"
        other = api.post(EXECUTIONS, PROGRAM | {"stdin": "else"}, headers=self.KEY)
        assert other.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert twins.store.counts.unfinished("ada") == 0

    def test_an_execution_deleted_while_its_submission_waits_is_gone(self, twins: Twins) -> None:
        ports = replace(twins.ports, wakeups=DeletesWhatIsWaitedFor(twins.ports))
        api = connector(ports)("ada", Role.USER)
        response = api.post(f"{EXECUTIONS}?wait=5", PROGRAM)
        assert response.status_code == HTTPStatus.GONE

    def test_a_key_is_its_owner_s(self, connect: Connect) -> None:
        first = connect("ada", Role.USER).post(EXECUTIONS, PROGRAM, headers=self.KEY)
        second = connect("bob", Role.USER).post(EXECUTIONS, PROGRAM, headers=self.KEY)
        assert first.json is not None
        assert second.json is not None
        assert first.json["id"] != second.json["id"]

    @pytest.mark.parametrize("key", ["a\tb", "\x7f", "\x9b2J", "\u202e".encode().decode("latin-1")])
    def test_a_key_has_no_control_characters(self, api: Api, key: str) -> None:
        response = api.post(EXECUTIONS, PROGRAM, headers={"Idempotency-Key": key})
        assert response.status_code == HTTPStatus.BAD_REQUEST

    @pytest.mark.parametrize("key", ["Übung 1", "Àÿ € 😀"])
    def test_a_key_is_any_text_in_utf_8(self, api: Api, key: str) -> None:
        headers = {"Idempotency-Key": key.encode().decode("latin-1")}
        response = api.post(EXECUTIONS, PROGRAM, headers=headers)
        assert response.status_code == HTTPStatus.ACCEPTED

    @pytest.mark.parametrize("key", ["", "x" * 256])
    def test_a_key_has_1_to_255_characters(self, api: Api, key: str) -> None:
        response = api.post(EXECUTIONS, PROGRAM, headers={"Idempotency-Key": key})
        assert response.status_code == HTTPStatus.BAD_REQUEST


def test_too_many_unfinished_executions_are_refused_for_a_while() -> None:
    twins = make_twins(max_unfinished_per_owner=1)
    api = connector(twins.ports)("ada", Role.USER)
    assert api.post(EXECUTIONS, PROGRAM).status_code == HTTPStatus.ACCEPTED
    response = api.post(EXECUTIONS, PROGRAM)
    assert response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert int(response.headers["Retry-After"]) > 0
    Worker(twins.ports).run_all()
    assert api.post(EXECUTIONS, PROGRAM).status_code == HTTPStatus.ACCEPTED


@pytest.mark.parametrize("sent", [[], None, "text", 5])
def test_a_body_that_is_no_object_is_refused_in_plain_words(api: Api, sent: object) -> None:
    response = api.call("POST", EXECUTIONS, data=json.dumps(sent), content_type="application/json")

    assert [error["detail"] for error in body(response, 422)["errors"]] == ["must be an object"]
