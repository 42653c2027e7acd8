"""Files that a program created, from its submission to their removal."""

import io
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from podline import Client, Execution, NotFound
from tests.acceptance.setups import Service

CREATES = """
import os
os.makedirs("out/deep")
with open("out/bytes.bin", "wb") as file:
    file.write(bytes(range(256)) * 1_024)
with open("out/deep/größe 1.txt", "w") as file:
    file.write("text")
for name in "out/empty", "out/left.tmp", "beside":
    open(name, "w").close()
os.symlink("/etc/passwd", "out/link")
print("created")
"""
ASKED_FOR = ("out/*", "!*.tmp")
FILES = {
    "out/bytes.bin": bytes(range(256)) * 1_024,
    "out/deep/größe 1.txt": b"text",
    "out/empty": b"",
}


def created(client: Client) -> Execution:
    execution = client.run(CREATES, language="python", artifacts=ASKED_FOR)
    assert (execution.state, execution.outcome) == ("completed", "success"), execution.message
    assert execution.result
    assert execution.result.stdout == "created\n"
    return execution


def test_they_are_listed_and_loaded_until_the_execution_is_deleted(
    client: Client, service: Service, tmp_path: Path
) -> None:
    execution = created(client)
    assert execution.result
    listed = execution.result.artifacts
    assert {each.name: (each.size, each.sha256) for each in listed} == {
        name: (len(content), sha256(content).hexdigest()) for name, content in FILES.items()
    }
    left_out = [each.name for each in execution.result.artifacts_left_out]
    assert left_out == ["out/link"]

    saved = client.save_artifacts(execution, tmp_path)
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in saved} == FILES

    with httpx.Client(
        base_url=service.url, headers={"Authorization": f"Bearer {service.key}"}
    ) as http:
        archive = f"/api/v1/executions/{execution.id}/artifacts.zip"
        with ZipFile(io.BytesIO(http.get(archive).content)) as zipped:
            assert {name: zipped.read(name) for name in zipped.namelist()} == FILES
        (url,) = (each.url for each in listed if each.name == "out/bytes.bin")
        part = http.get(url, headers={"Range": "bytes=300-303"})
        assert (part.status_code, part.content) == (206, bytes([44, 45, 46, 47]))

        client.delete(execution.id)

        assert http.get(url).status_code == 404
        assert http.get(archive).status_code == 404
    with pytest.raises(NotFound):
        client.artifact(execution.id, "out/empty")


def test_what_has_no_room_is_left_out_by_name(client: Client) -> None:
    """The first two together are as large as the service keeps them here."""
    most = client.limits().artifacts
    assert most
    half = (most.bytes - len("created\n")) // 2
    source = f"for name in 'abc': open(name, 'wb').write(bytes({half}))\nprint('created')"
    limits = {"disk_mib": 256, "memory_mib": 512}

    execution = client.run(source, language="python", artifacts=["a", "b", "c"], limits=limits)

    assert execution.result, execution.message
    kept = {each.name: each.size for each in execution.result.artifacts}
    assert kept == {"a": half, "b": half}
    assert [each.name for each in execution.result.artifacts_left_out] == ["c"]
    assert client.artifact(execution.id, "b") == bytes(half)
