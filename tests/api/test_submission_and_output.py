"""What was submitted, and what was printed, as bytes."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.submission.original import original
from app.domain.report import Output, StageOutput
from app.infrastructure.memory.runtime import Script
from tests.support.api_contract import PROGRAM, Api, Json, body
from tests.support.builders import a_submission, accepted
from tests.support.twins import Twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"

SENT: list[Json] = [
    PROGRAM,
    {"language": "python", "source": "\ufeffprint(1)", "version": "3"},
    {"language": "python", "source": "", "files": None, "stdin": None, "limits": None},
    {
        "language": "python",
        "files": [
            {"name": "./main.py", "content": "print(1)"},
            {"name": "a.bin", "content": "/w==", "encoding": "base64"},
            {"name": "b.txt", "content": "\ufeffß", "encoding": "utf-8"},
        ],
        "entrypoint": "./main.py",
        "stdin_base64": "/w==",
        "args": ["a", ""],
        "env": {"K": "v"},
        "limits": {"wall_seconds": 2, "memory_mib": 64},
        "compile_limits": {"disk_mib": None},
        "streams": "merged",
        "buffering": "block",
        "expected_output_base64": "AA==",
        "priority": "high",
        "labels": {"course": "cs101"},
    },
    {"language": "python", "source": "x", "expected_output": "\ufeff1\n", "buffering": None},
    {
        "language": "python",
        "source": "x",
        "tests": [
            {},
            {"stdin": "1", "expected_output": "2", "compare": "tokens", "points": 2},
            {
                "name": "b",
                "stdin_base64": "/w==",
                "expected_output_base64": "AA==",
                "args": ["a"],
                "env": {},
                "limits": {"memory_mib": 32},
                "files": [{"name": "in.txt", "content": "ß"}],
            },
        ],
        "stop_on_failure": True,
        "keep_output": "none",
    },
    {
        "language": "python",
        "source": "x",
        "tests": [{"expected_output": "1"}],
        "checker": {"language": "python", "source": "\ufeffy", "limits": {"cpu_seconds": 1}},
    },
    {"language": "python", "source": "x", "tests": None, "checker": None},
]

text = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)


class TestSubmission:
    @pytest.mark.parametrize("sent", SENT)
    def test_is_returned_as_it_was_sent(self, lasting_api: Api, sent: Json) -> None:
        execution = body(lasting_api.post(EXECUTIONS, sent), 202)
        assert body(lasting_api.get(f"{EXECUTIONS}/{execution['id']}/submission")) == sent

    @settings(deadline=None, max_examples=30)
    @given(source=text, stdin=st.binary(max_size=20), args=st.lists(text, max_size=3))
    def test_of_any_contents(
        self, lasting_api: Api, source: str, stdin: bytes, args: list[str]
    ) -> None:
        stdin_base64 = b64encode(stdin).decode()
        sent = {"language": "python", "source": source, "args": args, "stdin_base64": stdin_base64}
        execution = body(lasting_api.post(EXECUTIONS, sent), 202)
        assert body(lasting_api.get(f"{EXECUTIONS}/{execution['id']}/submission")) == sent

    def test_of_a_batch_and_of_a_retry(self, api: Api, worker: Worker) -> None:
        batch = body(api.post("/api/v1/batches", {"executions": [PROGRAM]}), 202)
        execution = batch["items"][0]["execution"]
        worker.run_all()
        retry = body(api.post(f"{EXECUTIONS}/{execution['id']}/retry"), 202)
        for each in (execution, retry):
            assert body(api.get(f"{EXECUTIONS}/{each['id']}/submission")) == PROGRAM

    def test_that_an_earlier_release_stored_can_be_sent_again(self, lasting_api: Api) -> None:
        shown = original(a_submission(stdin=b"\xff")) | {"version": None}
        execution = body(lasting_api.post(EXECUTIONS, shown), 202)
        assert body(lasting_api.get(f"{EXECUTIONS}/{execution['id']}/submission")) == shown

    def test_of_a_row_that_was_rebuilt_is_not_found(self, api: Api, twins: Twins) -> None:
        execution = body(api.post(EXECUTIONS, PROGRAM), 202)
        twins.store.tables.submissions.clear()
        body(api.get(f"{EXECUTIONS}/{execution['id']}/submission"), 404)


@pytest.fixture
def ran(api: Api, twins: Twins, worker: Worker) -> str:
    """The path of an execution that printed ten bytes."""
    twins.runtime.script = lambda _: Script(prints=b"0123456789")
    execution = body(api.post(EXECUTIONS, PROGRAM), 202)
    worker.run_all()
    return f"{EXECUTIONS}/{execution['id']}"


def ranged(api: Api, path: str, range: str, **headers: str) -> Any:
    return api.get(path, headers={"Range": range, **headers})


class TestOutput:
    def test_is_the_bytes(self, api: Api, ran: str) -> None:
        response = api.get(f"{ran}/stdout")
        assert (response.status_code, response.data) == (200, b"0123456789")
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.headers["Accept-Ranges"] == "bytes"
        assert response.headers["Content-Length"] == "10"
        empty = api.get(f"{ran}/stderr")
        assert (empty.status_code, empty.data) == (200, b"")
        assert empty.headers["ETag"] != response.headers["ETag"]

    def test_that_is_not_utf_8_is_octets(self, api: Api, twins: Twins, worker: Worker) -> None:
        twins.runtime.script = lambda _: Script(prints=b"\xff")
        execution = body(api.post(EXECUTIONS, PROGRAM), 202)
        worker.run_all()
        response = api.get(f"{EXECUTIONS}/{execution['id']}/stdout")
        assert (response.mimetype, response.data) == ("application/octet-stream", b"\xff")

    def test_of_the_compiler(self, api: Api, twins: Twins, ran: str) -> None:
        body(api.get(f"{ran}/compile/stdout"), 404)
        (result,) = twins.store.tables.results.values()
        output = Output(compile=StageOutput(stdout=b"out", stderr=b"err"), runs=())
        twins.store.tables.results[result.id] = replace(result, output=output)
        assert api.get(f"{ran}/compile/stdout").data == b"out"
        assert api.get(f"{ran}/compile/stderr").data == b"err"
        body(api.get(f"{ran}/stdout"), 404)

    def test_is_not_found_before_there_is_a_result(self, api: Api) -> None:
        execution = body(api.post(EXECUTIONS, PROGRAM), 202)
        problem = body(api.get(f"{EXECUTIONS}/{execution['id']}/stdout"), 404)
        assert problem["detail"].endswith("is queued and has no result")


class TestRanges:
    @pytest.mark.parametrize(
        ("range", "content", "shown"),
        [
            ("bytes=0-3", b"0123", "bytes 0-3/10"),
            ("bytes=8-", b"89", "bytes 8-9/10"),
            ("bytes=-2", b"89", "bytes 8-9/10"),
            ("bytes=-99", b"0123456789", "bytes 0-9/10"),
            ("bytes=5-100", b"56789", "bytes 5-9/10"),
            ("bytes=0-9", b"0123456789", "bytes 0-9/10"),
        ],
    )
    def test_a_range(self, api: Api, ran: str, range: str, content: bytes, shown: str) -> None:
        response = ranged(api, f"{ran}/stdout", range)
        assert (response.status_code, response.data) == (206, content)
        assert response.headers["Content-Range"] == shown
        assert response.headers["Content-Length"] == str(len(content))

    @pytest.mark.parametrize("range", ["bytes=0-1,3-4", "lines=1-2", "bytes=x", "bytes=3-1"])
    def test_what_is_ignored(self, api: Api, ran: str, range: str) -> None:
        response = ranged(api, f"{ran}/stdout", range)
        assert (response.status_code, response.data) == (200, b"0123456789")

    def test_beyond_the_end(self, api: Api, ran: str) -> None:
        response = ranged(api, f"{ran}/stdout", "bytes=10-")
        assert body(response, 416)["status"] == 416
        assert response.headers["Content-Range"] == "bytes */10"
        for range in ("bytes=0-", "bytes=-1"):
            body(ranged(api, f"{ran}/stderr", range), 416)

    @pytest.mark.parametrize("range", ["bytes=-0", "bytes=-00", "Bytes= -0 "])
    def test_of_no_bytes(self, api: Api, ran: str, range: str) -> None:
        tag = api.get(f"{ran}/stdout").headers["ETag"]
        body(ranged(api, f"{ran}/stdout", range), 416)
        body(ranged(api, f"{ran}/stdout", range, **{"If-Range": tag}), 416)
        assert ranged(api, f"{ran}/stdout", range, **{"If-Range": '"other"'}).status_code == 200
        assert ranged(api, f"{ran}/stdout", range, **{"If-None-Match": tag}).status_code == 304

    def test_of_another_version_is_the_whole(self, api: Api, ran: str) -> None:
        tag = api.get(f"{ran}/stdout").headers["ETag"]
        same = ranged(api, f"{ran}/stdout", "bytes=0-1", **{"If-Range": tag})
        assert (same.status_code, same.data) == (206, b"01")
        for other in ('"other"', f"W/{tag}", "Sat, 03 Jan 2026 00:00:00 GMT"):
            response = ranged(api, f"{ran}/stdout", "bytes=0-1", **{"If-Range": other})
            assert (response.status_code, response.data) == (200, b"0123456789")

    def test_what_the_client_has_is_not_sent_again(self, api: Api, ran: str) -> None:
        tag = api.get(f"{ran}/stdout").headers["ETag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            response = api.get(f"{ran}/stdout", headers={"If-None-Match": known})
            assert (response.status_code, response.data) == (304, b"")
            assert response.headers["ETag"] == tag
        for range in ("bytes=0-1", "bytes=99-"):
            response = ranged(api, f"{ran}/stdout", range, **{"If-None-Match": tag})
            assert (response.status_code, response.data) == (304, b"")


class TestOwner:
    def test_is_shown_to_operators(self, api: Api, operator: Api, worker: Worker) -> None:
        execution = body(api.post(EXECUTIONS, PROGRAM), 202)
        assert execution["owner"] is None
        worker.run_all()
        path = f"{EXECUTIONS}/{execution['id']}"
        assert body(api.get(path))["owner"] is None
        assert body(operator.get(path))["owner"] == "ada"
        assert b'"owner":"ada"' in operator.get(f"{path}/stream").data
        assert b'"owner":null' in api.get(f"{path}/stream").data

    def test_and_so_is_the_place(self, api: Api, operator: Api, twins: Twins) -> None:
        row, submission, event = accepted(owner="ada")
        assert twins.store.executions.insert(replace(row, place="host-1"), submission, event)
        path = f"{EXECUTIONS}/{row.id}"
        assert body(api.get(path))["place"] is None
        assert body(operator.get(path))["place"] == "host-1"

    def test_of_a_batch(self, api: Api, operator: Api) -> None:
        batch = body(api.post("/api/v1/batches", {"executions": [PROGRAM]}), 202)
        assert batch["items"][0]["execution"]["owner"] is None
        shown = body(operator.get(f"/api/v1/batches/{batch['id']}"))
        assert shown["items"][0]["execution"]["owner"] == "ada"

    def test_all_owners_are_listed_for_operators(self, api: Api, operator: Api) -> None:
        for each in (api, operator):
            body(each.post(EXECUTIONS, PROGRAM), 202)
        listed = body(operator.get(f"{EXECUTIONS}?owner=*"))["items"]
        assert {execution["owner"] for execution in listed} == {"otto", "ada"}
        assert len(body(operator.get(EXECUTIONS))["items"]) == 1
        body(api.get(f"{EXECUTIONS}?owner=*"), 403)


def test_by_time(api: Api) -> None:
    body(api.post(EXECUTIONS, PROGRAM), 202)
    for query, count in (("from=2020-01-01T00:00:00Z", 1), ("to=2020-01-01T00:00:00Z", 0)):
        assert len(body(api.get(f"{EXECUTIONS}?{query}"))["items"]) == count
    body(api.get(f"{EXECUTIONS}?from=yesterday"), 422)
    moment, before = "2026-01-02T00:00:00Z", "2026-01-02T00:00:00%2B01:00"
    assert body(api.get(f"{EXECUTIONS}?from={moment}&to={moment}"))["items"] == []
    (error,) = body(api.get(f"{EXECUTIONS}?from={moment}&to={before}"), 422)["errors"]
    assert error["detail"] == "must not be before `from`"


class TestLongOutput:
    LONG = b"\xe2\x82\xac" * 500_000

    @pytest.fixture
    def path(self, api: Api, twins: Twins, worker: Worker) -> str:
        twins.runtime.script = lambda _: Script(prints=self.LONG, prints_errors=b"\xff" * 100_000)
        execution = body(api.post(EXECUTIONS, PROGRAM), 202)
        worker.run_all()
        return f"{EXECUTIONS}/{execution['id']}"

    def test_is_cut_in_the_result_and_whole_at_its_url(self, api: Api, path: str) -> None:
        result = body(api.get(path))["result"]
        assert result["stdout"] == "€" * (65536 // 3)
        assert (result["stdout_base64"], result["stdout_truncated"]) == (None, False)
        assert (result["stdout_bytes"], result["stderr_bytes"]) == (len(self.LONG), 100_000)
        response = api.get(f"{path}/stdout")
        assert (response.mimetype, response.data) == ("text/plain", self.LONG)
        errors = api.get(f"{path}/stderr")
        assert (errors.mimetype, errors.data) == ("application/octet-stream", b"\xff" * 100_000)

    def test_ranges(self, api: Api, path: str) -> None:
        part = ranged(api, f"{path}/stdout", "bytes=1000000-1000005")
        assert (part.status_code, part.data) == (206, self.LONG[1_000_000:1_000_006])
        assert ranged(api, f"{path}/stderr", "bytes=-1").data == b"\xff"

    def test_is_streamed_to_its_end(self, api: Api, path: str) -> None:
        text = api.get(f"{path}/stream").get_data(as_text=True)
        printed = [
            json.loads(event.partition("data: ")[2])["content"]
            for event in text.split("\n\n")
            if "event: stdout" in event
        ]
        assert "".join(printed).encode() == self.LONG

    def test_that_was_removed_is_not_found(self, api: Api, twins: Twins, path: str) -> None:
        twins.blobs.delete([path.rpartition("/")[2]])
        body(api.get(f"{path}/stdout"), 404)
        assert body(api.get(path))["result"]["stdout_bytes"] == len(self.LONG)
