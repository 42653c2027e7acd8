"""Callbacks to receivers that expect those of Judge0."""

import json
from base64 import b64decode
from dataclasses import replace

from app.api.doors.judge0 import callback
from app.api.doors.judge0.creating import CALLBACK_FORM
from app.api.doors.judge0.scripts import COMPILE_FAILED
from app.domain.artifact import Artifact
from app.domain.blob import Blob
from app.domain.execution import State
from app.domain.report import Output, StageOutput
from app.domain.result import Segment
from app.infrastructure.memory.blobs import MemoryBlobs
from app.wiring.callbacks import forms_of_callbacks
from tests.support.builders import a_result
from tests.unit.doors.test_judge0_submission import ATTRIBUTES, completed

GONE = Blob(sha256="0" * 64, size=5)


def test_has_the_default_fields_in_base64() -> None:
    row = completed(door_data=ATTRIBUTES.to_json())
    found = json.loads(callback.body(MemoryBlobs(), row, a_result(row)))
    assert b64decode(found.pop("stdout")) == b"hello\n"
    assert len(found.pop("token")) == 36
    assert found == {
        "time": "0.018",
        "memory": 9216,
        "stderr": None,
        "compile_output": None,
        "message": None,
        "status": {"id": 3, "description": "Accepted"},
    }


def test_of_one_that_failed() -> None:
    row = replace(completed(), state=State.FAILED, outcome=None, message="no host")
    found = json.loads(callback.body(MemoryBlobs(), row, None))
    assert found["status"]["id"] == 13
    assert b64decode(found["message"]) == b"no host"


def test_has_the_whole_output() -> None:
    blobs = MemoryBlobs()
    row = completed()
    blob = blobs.put(row.id, [b"whole output"])
    result = replace(a_result(row), printed=blob, segments={"0/stdout": Segment(0, 12)})
    found = json.loads(callback.body(blobs, row, result))
    assert b64decode(found["stdout"]) == b"whole output"


def test_does_without_what_was_removed() -> None:
    row = completed(door_data=replace(ATTRIBUTES, language_id=89).to_json())
    result = replace(
        a_result(row),
        output=Output(compile=None, runs=(StageOutput(stdout=b"hel", stderr=b""),)),
        printed=GONE,
        segments={"0/stdout": Segment(0, 5)},
        artifacts=(Artifact(COMPILE_FAILED, GONE),),
    )
    found = json.loads(callback.body(MemoryBlobs(), row, result))
    assert b64decode(found["stdout"]) == b"hel"
    assert found["status"]["id"] == 3


def test_is_what_submissions_of_the_door_name() -> None:
    form = forms_of_callbacks(MemoryBlobs())[CALLBACK_FORM]
    row = completed(door_data=ATTRIBUTES.to_json())
    assert form.method == "PUT"
    assert form.render(row, None) == callback.body(MemoryBlobs(), row, None)
