"""Judge0's protocol over HTTP."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app import create_app
from app.api.doors.entrance import PORT_OF
from app.api.doors.judge0 import tokens
from app.api.doors.judge0.archive import archive_of
from app.api.doors.options import DoorOptions
from app.domain.api_key import Role
from app.domain.errors import StoreUnavailable
from app.domain.pod import Pod
from app.domain.report import Report, StageOutput, StageReport
from app.domain.submission import File
from app.infrastructure.memory.runtime import Script, exited
from app.service import keys
from app.service.retry import retry
from tests.support.doors import DoorClient, a_key, open_door
from tests.support.twins import wrapped

SUBMISSIONS = "/judge0/submissions"
BATCH = f"{SUBMISSIONS}/batch"
HELLO: dict[str, Any] = {"language_id": 71, "source_code": "print('hello')"}
UNKNOWN = "b3f4c1a6-0f5d-4c8e-9a2b-1c2d3e4f5a6b"


def answer(response: TestResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/json"
    return json.loads(response.get_data())


def error(response: TestResponse, status: int = 400) -> str:
    found = answer(response, status)
    assert set(found) == {"error"}
    return str(found["error"])


def is_empty(response: TestResponse, status: int) -> bool:
    return response.status_code == status and not response.get_data()


def prints(client: DoorClient, content: bytes) -> None:
    client.twins.runtime.script = lambda _: Script(prints=content)


def ran(client: DoorClient, *, query: str = "", **fields: Any) -> dict[str, Any]:
    path = f"{SUBMISSIONS}?wait=true&{query}"
    found: dict[str, Any] = answer(client.post(path, HELLO | fields), 201)
    return found


def token_of(client: DoorClient, **fields: Any) -> str:
    found = answer(client.post(SUBMISSIONS, HELLO | fields), 201)
    assert set(found) == {"token"}
    return str(UUID(found["token"]))


def shown(client: DoorClient, token: str, query: str = "fields=*") -> Any:
    return answer(client.get(f"{SUBMISSIONS}/{token}?{query}"))


def operator(client: DoorClient) -> DoorClient:
    ports = client.twins.ports
    secret = keys.create(ports.store.keys, ports.clock, "otto", Role.OPERATOR)[1]
    return replace(client, headers={"X-Auth-User": secret})


class TestCreate:
    def test_and_wait(self, judge0: DoorClient) -> None:
        prints(judge0, b"hello\n")
        found = ran(judge0)
        assert UUID(found.pop("token")).version == 4
        assert found == {
            "stdout": "hello\n",
            "time": "0.001",
            "memory": found["memory"],
            "stderr": None,
            "compile_output": None,
            "message": None,
            "status": {"id": 3, "description": "Accepted"},
        }

    def test_and_poll(self, judge0: DoorClient) -> None:
        prints(judge0, b"hello\n")
        token = token_of(judge0)
        found = shown(judge0, token, "base64_encoded=true&fields=stdout,status_id,language")
        assert list(found) == ["stdout", "status_id", "language"]
        assert b64decode(found["stdout"]) == b"hello\n"
        assert (found["status_id"], found["language"]["id"]) == (3, 71)

    def test_before_it_has_run(self) -> None:
        waiting = open_door("judge0", runs=False)
        found = shown(waiting, token_of(waiting))
        assert found["status"] == {"id": 1, "description": "In Queue"}
        assert found["finished_at"] is found["time"] is found["stdout"] is None

    def test_in_base64(self, judge0: DoorClient) -> None:
        seen: list[Pod] = []

        def script(pod: Pod) -> Script:
            seen.append(pod)
            return Script(prints=b"\xff")

        judge0.twins.runtime.script = script
        source, stdin = b64encode(b"print('\xff')").decode(), b64encode(b"\x00in").decode()
        sent = {"source_code": source, "stdin": stdin}
        found = ran(judge0, query="base64_encoded=true&fields=*", **sent)
        assert seen[0].files[0].content == b"print('\xff')"
        assert seen[0].runs[0].stdin == b"\x00in"
        assert (found["source_code"], found["stdin"]) == (source, stdin)
        assert b64decode(found["stdout"]) == b"\xff"

    def test_in_base64_without_being_asked(self) -> None:
        client = open_door("judge0", judge0_implicit_base64=True)
        prints(client, b"out")
        sent = {"source_code": b64encode(b"1").decode()}
        assert b64decode(ran(client, **sent)["stdout"]) == b"out"
        assert b64decode(shown(client, token_of(client, **sent))["source_code"]) == b"1"
        assert ran(client, query="base64_encoded=false")["stdout"] == "out"
        config = answer(client.get("/judge0/config_info"))
        assert config["disable_implicit_base64_encoding"] is False

    def test_text_is_shown_as_it_is(self, judge0: DoorClient) -> None:
        prints(judge0, "é".encode())
        assert ran(judge0)["stdout"] == "é"

    def test_bytes_that_are_no_text(self, judge0: DoorClient) -> None:
        prints(judge0, b"\xff")
        found = ran(judge0)
        assert set(found) == {"error", "token"}
        assert "base64_encoded=true" in found["error"]
        path = f"{SUBMISSIONS}/{found['token']}"
        assert error(judge0.get(path)) == found["error"]
        assert answer(judge0.get(f"{path}?fields=status_id")) == {"status_id": 3}
        assert "one or more" in error(judge0.get(f"{BATCH}?tokens={found['token']}"))

    def test_a_form(self, judge0: DoorClient) -> None:
        form = urlencode({"language_id": "71", "source_code": "print('hello')", "stdin": "é"})
        response = judge0.call(
            "POST",
            f"{SUBMISSIONS}?wait=true&fields=stdin",
            data=form,
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
        )
        assert answer(response, 201) == {"stdin": "é"}

    def test_parameters_of_the_body_and_of_the_query_are_the_same(self, judge0: DoorClient) -> None:
        response = judge0.post(
            f"{SUBMISSIONS}?language_id=71&fields=status",
            {"source_code": b64encode(b"1").decode(), "base64_encoded": "true", "wait": True},
        )
        assert answer(response, 201)["status"]["id"] == 3
        both = judge0.post(f"{SUBMISSIONS}?language_id=71", HELLO | {"language_id": 1})
        assert answer(both, 201), "the query counts, as in Rails"

    def test_unknown_parameters_are_ignored(self, judge0: DoorClient) -> None:
        assert ran(judge0, anything={"a": [1]})["status"]["id"] == 3

    def test_violations(self, judge0: DoorClient) -> None:
        assert answer(judge0.post(SUBMISSIONS, {}), 422) == {
            "language_id": ["can't be blank"],
            "source_code": ["can't be blank"],
        }
        assert answer(judge0.post(SUBMISSIONS, [1]), 422)
        found = answer(judge0.post(SUBMISSIONS, HELLO | {"callback_url": "http://10.0.0.1/"}), 422)
        assert "public" in found["callback_url"][0]
        found = answer(judge0.post(SUBMISSIONS, HELLO | {"command_line_arguments": "a\0"}), 422)
        assert "NUL" in found["command_line_arguments"][0]

    def test_what_can_not_be_read(self, judge0: DoorClient) -> None:
        assert "JSON" in error(judge0.call("POST", SUBMISSIONS, data="{"))
        assert error(judge0.post(f"{SUBMISSIONS}?fields=stdout,x,y", HELLO)) == (
            "invalid fields: [x, y]"
        )
        assert answer(judge0.call("POST", SUBMISSIONS), 422)

    def test_one_that_does_not_end_in_time(self) -> None:
        waiting = open_door("judge0", runs=False)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("app.api.doors.judge0.creating._AT_LEAST_SECONDS", 0.01)
            patched.setattr("app.api.doors.judge0.creating._Asked.seconds", 0.01)
            found = ran(waiting)
        assert found["status"] == {"id": 1, "description": "In Queue"}
        assert shown(waiting, found["token"])["status_id"] == 1

    def test_a_full_queue(self) -> None:
        full = open_door("judge0", runs=False, policy={"max_unfinished_per_owner": 1})
        token_of(full)
        assert error(full.post(SUBMISSIONS, HELLO), 503) == "queue is full"
        assert error(full.post(BATCH, {"submissions": [HELLO]}), 503) == "queue is full"


class TestOutcomes:
    def test_wrong_answer(self, judge0: DoorClient) -> None:
        prints(judge0, b"1 \n\n")
        assert ran(judge0, expected_output="1")["status"]["id"] == 3
        assert ran(judge0, expected_output=" 1")["status"]["id"] == 4
        prints(judge0, b"")
        assert ran(judge0, expected_output="")["status"]["id"] == 3

    def test_compile_error(self, judge0: DoorClient) -> None:
        stage = StageReport(exit_code=1, signal=None, wall_us=1, cpu_us=1, memory_peak_kib=1)
        said = StageOutput(stdout=b"", stderr=b"no")
        report = Report(compile=stage, runs=())
        judge0.twins.runtime.script = lambda _: Script(ends=report, compile_output=said)
        found = ran(judge0, language_id=50)
        assert (found["status"]["id"], found["compile_output"]) == (6, "no")

    def test_a_crash(self, judge0: DoorClient) -> None:
        judge0.twins.runtime.script = lambda _: Script(ends=exited(signal="SIGSEGV"))
        found = ran(judge0, query="fields=status,exit_signal,message")
        assert found == {
            "status": {"id": 7, "description": "Runtime Error (SIGSEGV)"},
            "exit_signal": 11,
            "message": "Caught fatal signal 11",
        }

    def test_several_runs(self, judge0: DoorClient) -> None:
        outputs = (StageOutput(stdout=b"1", stderr=b""), StageOutput(stdout=b"2", stderr=b""))
        judge0.twins.runtime.script = lambda _: Script(outputs=outputs, prints=b"3")
        found = ran(judge0, number_of_runs=3, query="fields=*")
        assert (found["stdout"], found["status_id"], found["number_of_runs"]) == ("3", 3, 3)
        found = ran(judge0, number_of_runs=3, expected_output="1", query="fields=*")
        assert (found["stdout"], found["status_id"]) == ("2", 4)

    def test_output_is_whole_however_long(self, judge0: DoorClient) -> None:
        prints(judge0, b"x" * 300_000)
        assert len(ran(judge0)["stdout"]) == 300_000


def test_a_callback_has_the_form_of_judge0(judge0: DoorClient) -> None:
    url = "https://example.com/ended"
    token = token_of(judge0, callback_url=url)
    assert shown(judge0, token)["callback_url"] == url
    (delivery,) = judge0.twins.callbacks.sent
    assert delivery.callback.form == "judge0"


class TestFiles:
    def test_go_in_and_come_out(self, judge0: DoorClient) -> None:
        seen: list[Pod] = []

        def script(pod: Pod) -> Script:
            seen.append(pod)
            return Script(creates={"out/a.txt": b"made", "in.txt": b"in"})

        judge0.twins.runtime.script = script
        sent = b64encode(archive_of([File("in.txt", b"in")])).decode()
        found = ran(judge0, additional_files=sent, query="fields=*")
        assert [file.name for file in seen[0].files] == ["script.py", "in.txt"]
        assert found["additional_files"] == sent
        folder = b64decode(found["post_execution_filesystem"])
        expected = {"in.txt": b"in", "out/a.txt": b"made", "script.py": b"print('hello')"}
        assert folder == archive_of([File(*each) for each in sorted(expected.items())])

    def test_that_are_none(self, judge0: DoorClient) -> None:
        response = judge0.post(SUBMISSIONS, HELLO | {"additional_files": "bm90IGEgemlw"})
        assert "not a valid ZIP file" in answer(response, 422)["additional_files"][0]


class TestShow:
    def test_what_was_sent(self, judge0: DoorClient) -> None:
        sent = {
            "stdin": "in",
            "expected_output": "out",
            "command_line_arguments": "a b",
            "cpu_time_limit": "2",
            "cpu_extra_time": 0.5,
            "wall_time_limit": 3,
            "memory_limit": 100_000.0,
            "stack_limit": 2048,
            "max_processes_and_or_threads": 10,
            "max_file_size": 100,
            "redirect_stderr_to_stdout": "true",
            "number_of_runs": 1,
        }
        found = shown(judge0, token_of(judge0, **sent))
        expected = sent | {
            "language_id": 71,
            "source_code": "print('hello')",
            "cpu_time_limit": "2.0",
            "cpu_extra_time": "0.5",
            "wall_time_limit": "3.0",
            "redirect_stderr_to_stdout": True,
            "compiler_options": None,
            "callback_url": None,
        }
        assert {name: found[name] for name in expected} == expected

    def test_an_unknown_one(self, judge0: DoorClient) -> None:
        for token in (UNKNOWN, "x"):
            assert error(judge0.get(f"{SUBMISSIONS}/{token}"), 404)

    def test_that_of_another_owner(self, judge0: DoorClient) -> None:
        token = token_of(judge0)
        other = replace(judge0, key=a_key(judge0.twins, name="bob"))
        assert error(other.get(f"{SUBMISSIONS}/{token}"), 404)

    def test_unknown_fields(self, judge0: DoorClient) -> None:
        path = f"{SUBMISSIONS}/{token_of(judge0)}?fields=status,nothing"
        assert error(judge0.get(path)) == "invalid fields: [nothing]"

    def test_a_retry_has_what_was_sent(self, judge0: DoorClient) -> None:
        ports = judge0.twins.ports
        row = ports.store.executions.get(
            tokens.execution_of(token_of(judge0, memory_limit=99_999)) or ""
        )
        assert row is not None
        again = shown(judge0, tokens.token_of(retry(ports, row).id))
        assert (again["memory_limit"], again["language_id"]) == (99_999, 71)


class TestBatch:
    def test_in_order_with_its_errors(self, judge0: DoorClient) -> None:
        prints(judge0, b"1")
        sent = {"submissions": [HELLO, {"language_id": 150000, "source_code": "x"}, HELLO, 7]}
        first, second, third, fourth = answer(judge0.post(BATCH, sent), 201)
        assert second == {"language_id": ["language with id 150000 doesn't exist"]}
        assert set(fourth) == {"language_id", "source_code"}
        tokens = f"{third['token']},{UNKNOWN},{first['token']}"
        for base64 in ("true", "false"):
            path = f"{BATCH}?tokens={tokens}&base64_encoded={base64}&fields=token,status_id"
            assert answer(judge0.get(path)) == {
                "submissions": [
                    {"token": third["token"], "status_id": 3},
                    None,
                    {"token": first["token"], "status_id": 3},
                ]
            }
        assert answer(judge0.get(BATCH, headers={"tokens": UNKNOWN})) == {"submissions": [None]}

    def test_of_which_the_files_of_one_are_gone(self, judge0: DoorClient) -> None:
        judge0.twins.runtime.script = lambda _: Script(creates={"a": b"1"})
        first, second = token_of(judge0), token_of(judge0)
        judge0.twins.blobs.delete([tokens.execution_of(first) or ""])
        query = "fields=post_execution_filesystem&base64_encoded=true"
        found = answer(judge0.get(f"{BATCH}?tokens={first},{second}&{query}"))["submissions"]
        assert (found[0], list(found[1])) == (None, ["post_execution_filesystem"])
        assert error(judge0.get(f"{SUBMISSIONS}/{first}?{query}"), 404)

    def test_of_which_none_is_valid(self, judge0: DoorClient) -> None:
        sent = {"submissions": [{}, {"language_id": 71}]}
        found = answer(judge0.post(BATCH, sent), 422)
        assert found[1] == {"source_code": ["can't be blank"]}

    @pytest.mark.parametrize("sent", [{}, {"submissions": []}, {"submissions": "x"}, [1]])
    def test_of_none(self, judge0: DoorClient, sent: object) -> None:
        assert "at least one" in error(judge0.post(BATCH, sent))
        assert "at least one" in error(judge0.get(BATCH))

    def test_whose_archives_become_large(self, judge0: DoorClient) -> None:
        bomb = archive_of([File("zeros", bytes(7 * 1024 * 1024))])
        sent = HELLO | {"additional_files": b64encode(bomb).decode()}
        entries = answer(judge0.post(BATCH, {"submissions": [sent] * 20}), 201)
        assert "token" in entries[0]
        assert all(list(each) == ["additional_files"] for each in entries[1:])

    def test_of_too_many(self, judge0: DoorClient) -> None:
        found = error(judge0.post(BATCH, {"submissions": [HELLO] * 101}))
        assert found == "number of submissions in a batch should be less than or equal to 100"
        assert "100" in error(judge0.get(f"{BATCH}?tokens={','.join([UNKNOWN] * 101)}"))


class TestOperators:
    def test_list_all(self, judge0: DoorClient) -> None:
        tokens = [token_of(judge0) for _ in range(3)]
        otto = operator(judge0)
        path = f"{SUBMISSIONS}?fields=token&per_page=2"
        first, second = (answer(otto.get(f"{path}&page={page}")) for page in (1, 2))
        assert [each["token"] for each in first["submissions"]] == [tokens[2], tokens[1]]
        assert [each["token"] for each in second["submissions"]] == [tokens[0]]
        meta = {"total_pages": 2, "total_count": 3}
        assert first["meta"] == meta | {"current_page": 1, "next_page": 2, "prev_page": None}
        assert second["meta"] == meta | {"current_page": 2, "next_page": None, "prev_page": 1}
        assert error(otto.get(f"{SUBMISSIONS}?page=-4")) == "invalid page: -4"
        assert error(otto.get(f"{SUBMISSIONS}?per_page=-2")) == "invalid per_page: -2"
        assert answer(otto.get(f"{SUBMISSIONS}?per_page=0"))["submissions"] == []
        assert answer(otto.get(f"{SUBMISSIONS}?page=9999999"))["submissions"] == []

    def test_delete(self, judge0: DoorClient) -> None:
        prints(judge0, b"out")
        token = token_of(judge0)
        otto = operator(judge0)
        found = answer(otto.call("DELETE", f"{SUBMISSIONS}/{token}?fields=stdout"))
        assert b64decode(found["stdout"]) == b"out"
        assert error(judge0.get(f"{SUBMISSIONS}/{token}"), 404)
        (record,) = judge0.twins.ports.store.audit.page(None, 10)
        assert (record.name, record.role, record.status) == ("otto", "operator", 200)
        assert record.action == "DELETE /judge0/submissions/<token>"
        assert record.target == {"token": token}

    def test_the_key_that_allows_a_change_is_recorded(self, judge0: DoorClient) -> None:
        """Even if the request itself has that of another operator."""
        ports = judge0.twins.ports
        other = keys.create(ports.store.keys, ports.clock, "olga", Role.OPERATOR)[1]
        for client, name in ((operator(judge0), "otto"), (judge0, "olga")):
            token = token_of(judge0)
            judge0.twins.clock.advance(0.001)  # Records of the same millisecond have no order.
            answer(replace(client, key=other).call("DELETE", f"{SUBMISSIONS}/{token}"))
            assert ports.store.audit.page(None, 1)[0].name == name

    def test_do_not_delete_a_live_one(self) -> None:
        waiting = open_door("judge0", runs=False)
        response = operator(waiting).call("DELETE", f"{SUBMISSIONS}/{token_of(waiting)}")
        assert error(response) == (
            "submission cannot be deleted because its status is 1 (In Queue)"
        )

    def test_nobody_else_does_either(self, judge0: DoorClient) -> None:
        token = token_of(judge0)
        for client in (judge0, replace(judge0, headers={"X-Auth-User": "x"})):
            assert is_empty(client.get(SUBMISSIONS), 403)
            assert is_empty(client.call("DELETE", f"{SUBMISSIONS}/{token}"), 403)
            assert is_empty(client.call("POST", "/judge0/authorize"), 403)
        assert is_empty(operator(judge0).call("POST", "/judge0/authorize"), 200)


class TestKeys:
    @pytest.mark.parametrize("header", ["X-Auth-Token", "X-RapidAPI-Key", "x-apihub-key"])
    def test_in_the_headers_of_its_clients(self, judge0: DoorClient, header: str) -> None:
        client = replace(judge0, key=None, headers={header: judge0.key or ""})
        assert is_empty(client.call("POST", "/judge0/authenticate"), 200)

    def test_in_the_query(self, judge0: DoorClient) -> None:
        keyless = replace(judge0, key=None)
        assert answer(keyless.get(f"/judge0/about?X-Auth-Token={judge0.key}"))

    def test_in_the_path(self, judge0: DoorClient) -> None:
        key = a_key(judge0.twins, "judge0")
        keyless = replace(judge0, key=None)
        assert answer(keyless.get(f"/d/{key}/judge0/languages"))

    def test_are_needed(self, judge0: DoorClient) -> None:
        keyless = replace(judge0, key=None)
        for client in (keyless, replace(judge0, key="x")):
            assert is_empty(client.get("/judge0/languages"), 401)
            assert is_empty(client.post(SUBMISSIONS, HELLO), 401)
        assert is_empty(keyless.get("/judge0"), 200)
        assert is_empty(keyless.get("/judge0/"), 200)


def test_its_own_port_has_its_paths_at_the_root(judge0: DoorClient) -> None:
    at_port = {PORT_OF: "judge0"}
    response = judge0.call("POST", "/submissions", json=HELLO, environ_overrides=at_port)
    assert answer(response, 201)["token"]
    assert is_empty(judge0.get("/", environ_overrides=at_port), 200)


class TestAbout:
    def test_languages(self, judge0: DoorClient) -> None:
        found = answer(judge0.get("/judge0/languages"))
        names = [each["name"] for each in found]
        assert names == sorted(names)
        python = next(each for each in found if each["id"] == 71)
        assert python["name"].startswith("Python (3.")
        every = answer(judge0.get("/judge0/languages/all"))
        assert {"is_archived": False, **python} in every
        details = answer(judge0.get("/judge0/languages/71"))
        assert details["source_file"] == "script.py"
        for id in ("1", "9999", "x", "²", "9" * 5000):
            assert error(judge0.get(f"/judge0/languages/{id}"), 404)

    def test_statuses(self, judge0: DoorClient) -> None:
        found = answer(judge0.get("/judge0/statuses"))
        assert [each["id"] for each in found] == list(range(1, 15))

    def test_other_calls(self, judge0: DoorClient) -> None:
        assert answer(judge0.get("/judge0/about"))["version"] == "1.14.0"
        assert answer(judge0.get("/judge0/config_info"))["max_submission_batch_size"] == 100
        assert all(isinstance(v, str) for v in answer(judge0.get("/judge0/system_info")).values())
        for path in ("version", "isolate", "license", "docs", "dummy-client.html"):
            response = judge0.get(f"/judge0/{path}")
            assert response.status_code == 200
            assert str(response.mimetype).startswith("text/")

    def test_workers(self) -> None:
        waiting = open_door("judge0", runs=False)
        token_of(waiting)
        (found,) = answer(waiting.get("/judge0/workers"))
        assert (found["size"], found["working"], found["idle"]) == (1, 0, found["available"])

    def test_statistics(self, judge0: DoorClient) -> None:
        token_of(judge0)
        found = answer(judge0.get("/judge0/statistics?invalidate_cache=true"))
        assert found["submissions"]["total"] == 1
        assert found["languages"][0]["count"] == 1
        assert found["statuses"][0] == {"status": {"id": 3, "name": "Accepted"}, "count": 1}

    def test_slashes_at_the_end(self, judge0: DoorClient) -> None:
        assert answer(judge0.get("/judge0/languages/"))
        assert answer(judge0.post(f"{SUBMISSIONS}/?wait=true", HELLO), 201)

    def test_other_paths_and_methods(self, judge0: DoorClient) -> None:
        assert error(judge0.get("/judge0/nothing"), 404)
        assert error(judge0.call("PATCH", SUBMISSIONS), 405)


def test_pages_of_any_origin_may_call_it(judge0: DoorClient) -> None:
    headers = {
        "Origin": "https://ide.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-auth-token",
    }
    preflight = replace(judge0, key=None).call("OPTIONS", SUBMISSIONS, headers=headers)
    assert preflight.status_code < 300
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    response = judge0.get("/judge0/languages", headers={"Origin": "https://ide.example"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_an_unavailable_store(judge0: DoorClient) -> None:
    class Down:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailable("away")

    down = replace(judge0.twins.ports, store=wrapped(judge0.twins.store, lambda _: Down()))
    client = replace(judge0, app=create_app(down, DoorOptions(open=frozenset({"judge0"}))))
    assert error(client.post(SUBMISSIONS, HELLO), 503)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *("language_id", "source_code", "stdin", "expected_output", "compiler_options"),
        *("command_line_arguments", "cpu_time_limit", "cpu_extra_time", "wall_time_limit"),
        *("memory_limit", "stack_limit", "max_processes_and_or_threads", "max_file_size"),
        *("redirect_stderr_to_stdout", "enable_network", "number_of_runs"),
        *("additional_files", "callback_url", "fields", "base64_encoded", "submissions"),
    ]
)
BODIES = st.one_of(
    JSON,
    st.dictionaries(NAMES, JSON, max_size=6),
    st.dictionaries(NAMES, JSON, max_size=3).map(lambda sent: HELLO | sent),
)
PATHS = st.sampled_from(
    [
        *(SUBMISSIONS, f"{SUBMISSIONS}/", BATCH, f"{SUBMISSIONS}/{UNKNOWN}", "/judge0/languages"),
        *("/judge0/languages/x", "/judge0/statistics", "/judge0/x", "/judge0/authorize"),
    ]
)
QUERIES = st.dictionaries(
    st.sampled_from(["wait", "base64_encoded", "fields", "page", "per_page", "tokens"]),
    st.one_of(st.sampled_from(["true", "*", "stdout", "1", "-1"]), st.text(max_size=9)),
    max_size=3,
).map(urlencode)


@pytest.fixture(scope="module")
def any_client() -> DoorClient:
    return operator(open_door("judge0"))


@settings(deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "POST", "DELETE"]),
    path=PATHS,
    query=QUERIES,
    sent=BODIES | st.binary(max_size=30),
)
def test_any_request_gets_an_answer_of_judge0(
    any_client: DoorClient, method: str, path: str, query: str, sent: object
) -> None:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    response = any_client.call(method, f"{path}?{query}", data=body)
    content = response.get_data(as_text=True)
    status = response.status_code
    assert status in (200, 201, 400, 404, 405, 422), content
    if status in (400, 404, 405):
        assert error(response, status)
    if status == 422:
        found = answer(response, 422)
        for each in found if isinstance(found, list) else [found]:
            assert all(isinstance(message, str) for m in each.values() for message in m)
