"""Files that a program created, in its result and one by one."""

import io
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from zipfile import ZipFile

import pytest
from werkzeug.test import TestResponse

from app.api.artifacts import zipped
from app.domain.api_key import Role
from app.domain.artifact import Artifact, LeftOut
from app.domain.blob import Blob
from app.domain.errors import StoreUnavailable
from app.infrastructure.memory.runtime import Script
from tests.support.api_contract import PROGRAM, Api, Connect, Json, body
from tests.support.twins import Twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"
FILES = {
    "out/a b.png": b"\x89PNG",
    "ä%?#.html": b"<script>alert(1)</script>",
    "data.json": b"0123456789",
    "empty": b"",
    "-rf": b"option",
    "con": b"a device on Windows",
    "Data.json": b"the same name where case does not matter",
    " ": b"space",
    "'; exit #": b"quoted",
    "C:evil": b"a drive on Windows",
    f"{'n' * 255}/{'n' * 255}/{'n' * 255}/{'n' * 255}": b"as long as possible",
}
"""All names that a runtime accepts, such as those with neither control characters nor `..`."""


@pytest.fixture
def ran(api: Api, twins: Twins, worker: Worker) -> Json:
    twins.runtime.script = lambda _: Script(
        creates=FILES, leaves_out=(LeftOut("c", "why"), LeftOut(None, "2 more files"))
    )
    sent = PROGRAM | {"artifacts": ["*"]}
    execution = body(api.post(EXECUTIONS, sent), 202)
    worker.run_all()
    return body(api.get(f"{EXECUTIONS}/{execution['id']}"))


def test_in_the_result(api: Api, ran: Json) -> None:
    result = ran["result"]
    (data,) = (each for each in result["artifacts"] if each["name"] == "data.json")
    assert data == {
        "name": "data.json",
        "bytes": 10,
        "sha256": sha256(b"0123456789").hexdigest(),
        "media_type": "application/json",
        "url": f"{EXECUTIONS}/{ran['id']}/artifacts/data.json",
    }
    assert result["artifacts_left_out"] == [
        {"name": "c", "reason": "why"},
        {"name": None, "reason": "2 more files"},
    ]
    for artifact in result["artifacts"]:
        response = api.get(artifact["url"])
        assert (response.status_code, response.data) == (200, FILES[artifact["name"]])


def test_a_browser_saves_it_and_shows_nothing(api: Api, ran: Json) -> None:
    (html,) = (each for each in ran["result"]["artifacts"] if each["media_type"] == "text/html")
    headers = api.get(html["url"]).headers
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%A4%25%3F%23.html"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    (png,) = (each for each in ran["result"]["artifacts"] if each["name"].startswith("out/"))
    headers = api.get(png["url"]).headers
    assert headers["Content-Disposition"] == 'attachment; filename="a b.png"'


def test_ranges_and_tags(api: Api, ran: Json) -> None:
    url = f"{EXECUTIONS}/{ran['id']}/artifacts/data.json"
    tag = api.get(url).headers["ETag"]
    part = api.get(url, headers={"Range": "bytes=2-4", "If-Range": tag})
    assert (part.status_code, part.data) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert api.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert api.get(url, headers={"Range": "bytes=20-"}).status_code == 416


def test_head(api: Api, ran: Json) -> None:
    def head_of(path: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {api.key}"}
        return api.app.test_client().head(f"{EXECUTIONS}/{ran['id']}/{path}", headers=headers)

    got, head = api.get(ran["result"]["artifacts"][0]["url"]), head_of("artifacts/%20")
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "ETag", "Accept-Ranges"):
        assert head.headers[name] == got.headers[name]
    assert head_of("artifacts.zip").status_code == 200
    assert head_of("artifacts/other").status_code == 404


def test_not_with_tests(api: Api) -> None:
    sent = PROGRAM | {"artifacts": ["*"], "tests": [{"stdin": "", "expected_output": ""}]}
    (error,) = body(api.post(EXECUTIONS, sent), 422)["errors"]
    assert (error["pointer"], error["detail"]) == (
        "/artifacts",
        "can't be combined with tests: send only one of them",
    )


def test_not_found(api: Api, connect: Connect, ran: Json) -> None:
    path = f"{EXECUTIONS}/{ran['id']}"
    body(api.get(f"{path}/artifacts/out/other"), 404)
    body(api.get(f"{path}/artifacts/../data.json"), 404)
    other = connect("bob", Role.USER)
    body(other.get(f"{path}/artifacts/data.json"), 404)
    body(other.get(f"{path}/artifacts.zip"), 404)


def test_all_in_one_file(api: Api, ran: Json) -> None:
    response = api.get(f"{EXECUTIONS}/{ran['id']}/artifacts.zip")
    assert response.mimetype == "application/zip"
    assert ran["id"] in response.headers["Content-Disposition"]
    with ZipFile(io.BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(FILES)
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}


def test_a_program_without_any(api: Api, worker: Worker) -> None:
    execution = body(api.post(EXECUTIONS, PROGRAM), 202)
    path = f"{EXECUTIONS}/{execution['id']}"
    body(api.get(f"{path}/artifacts.zip"), 404)
    worker.run_all()
    assert body(api.get(path))["result"]["artifacts"] == []
    with ZipFile(io.BytesIO(api.get(f"{path}/artifacts.zip").data)) as archive:
        assert archive.namelist() == []


def test_erased_with_the_execution(api: Api, twins: Twins, ran: Json) -> None:
    url = f"{EXECUTIONS}/{ran['id']}/artifacts/data.json"
    assert api.delete(f"{EXECUTIONS}/{ran['id']}").status_code == 204
    body(api.get(url), 404)
    assert twins.blobs.owners("", "~", 10) == []


def test_removed_by_retention_between_the_row_and_its_blobs(
    api: Api, twins: Twins, ran: Json
) -> None:
    twins.blobs.delete([ran["id"]])
    body(api.get(f"{EXECUTIONS}/{ran['id']}/artifacts/data.json"), 404)


def test_a_store_that_is_unavailable(
    api: Api, twins: Twins, ran: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> Iterator[bytes]:
        raise StoreUnavailable("the store is down")

    monkeypatch.setattr(twins.blobs, "read", read)
    body(api.get(f"{EXECUTIONS}/{ran['id']}/artifacts/data.json"), 503)


def test_no_name_in_a_zip_file_leads_elsewhere_on_windows() -> None:
    artifact = Artifact("a/..\\..\\b", Blob("0" * 64, 1))
    with ZipFile(io.BytesIO(b"".join(zipped([(artifact, [b"x"])])))) as archive:
        assert archive.namelist() == ["a/.._.._b"]


def test_no_zip_file_is_in_memory_as_a_whole() -> None:
    piece, count = bytes(256 * 1024), 256
    artifact = Artifact("large", Blob("0" * 64, len(piece) * count))
    tracemalloc.start()
    size = sum(map(len, zipped([(artifact, (piece for _ in range(count)))])))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > artifact.blob.size
    assert peak < 8 * len(piece)
