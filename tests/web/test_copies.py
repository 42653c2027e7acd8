"""What "Share" copies: each text is run as it is, and the service receives the same submission."""

import os
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.api_key import Role
from tests.support.page_code import PageCode
from tests.support.real_api import a_key
from tests.support.twins import Twins
from tests.support.worker import Worker

pytestmark = pytest.mark.web

Submission = dict[str, Any]

AWKWARD = (
    "a'b\"c\\d\\n$HOME `id` $(id) !x %s\t{}\r\nEND_OF_SUBMISSION\nEOF\n'''\n\u202e\u00e9\U0001f600 "
)
FILES = [{"name": "main.py", "content": f"x = {AWKWARD!r}\n"}]
PLAIN: Submission = {"language": "python", "files": FILES, "entrypoint": "main.py"}
FULL: Submission = {
    "language": "c",
    "version": "12",
    "files": [
        {"name": "src/it's main.c", "content": AWKWARD},
        {"name": "-data", "content": "/wBh", "encoding": "base64"},
        {"name": "empty", "content": ""},
    ],
    "entrypoint": "src/it's main.c",
    "stdin": AWKWARD,
    "args": ["-x", "", AWKWARD, "--", "*"],
    "env": {"A": AWKWARD, "B": "", "C": "-"},
    "compile_args": ["-O2", "-DX='1'"],
    "limits": {"wall_seconds": 1.5, "memory_mib": 64, "stack_mib": 8},
    "compile_limits": {"processes": 20},
    "streams": "merged",
    "buffering": "line",
    "expected_output": AWKWARD,
    "artifacts": ["*.png", "!it's"],
    "priority": "low",
    "labels": {"course": "it's $HOME"},
}
JUDGED: Submission = PLAIN | {
    "compare": {"numbers": {"absolute": 1e-9, "relative": 1e-9}},
    "stop_on_failure": True,
    "tests": [
        {"stdin": AWKWARD, "expected_output": AWKWARD},
        {"stdin_base64": "/wBh", "expected_output": ""},
        {"name": "3's last", "stdin": "", "expected_output": "x"},
    ],
}
BINARY: Submission = PLAIN | {"stdin_base64": "/wBh", "expected_output_base64": "/w=="}
ONLY_API: Submission = PLAIN | {
    "compare": "exact",
    "keep_output": "none",
    "tests": [
        {"args": ["a"], "env": {"K": AWKWARD}, "points": 2.5, "limits": {"wall_seconds": 1},
         "files": [{"name": "x", "content": AWKWARD}], "expected_output_base64": "/w=="},
    ],
}  # fmt: skip
CHECKED: Submission = PLAIN | {
    "expected_output": "1",
    "checker": {"language": "python", "files": FILES, "entrypoint": "main.py"},
}
WITH_CLI = {"plain": PLAIN, "full": FULL, "judged": JUDGED, "binary": BINARY}
ALL = {**WITH_CLI, "only api": ONLY_API, "checked": CHECKED}


@pytest.fixture(autouse=True)
def pipeline(twins: Twins) -> Iterator[None]:
    """Work in the background, so that whoever waits for an execution sees its end."""
    worker, over = Worker(twins.ports), threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            worker.run_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def test_each_text_sends_the_submission(twins: Twins, url: str, tmp_path: Path) -> None:
    copies, folder = tmp_path / "copies", tmp_path / "home"
    for each in (copies, folder):
        each.mkdir()
    code = PageCode("playground/copy/copy.ts", copies)
    forms = ("curl", "python", "cli")
    calls = [[form, each, url, "main.py"] for each in ALL.values() for form in forms]
    written = iter(code.call("copyAs", calls))
    key = a_key(twins, Role.USER)
    for name, submission in ALL.items():
        for form in forms:
            copy = next(written)
            if form == "cli" and name not in WITH_CLI:
                assert "text" not in copy
                continue
            assert "text" in copy, (name, copy)
            run(form, copy["text"], key, folder)
            assert meaning(latest(url, key), form) == meaning(submission, form), f"{name} as {form}"


def run(form: str, text: str, key: str, folder: Path) -> None:
    """Run the text where its author would paste it."""
    command = [sys.executable, "-"] if form == "python" else ["sh"]
    commands = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": commands, "PODLINE_KEY": key, "HOME": str(folder), "TMPDIR": str(folder)}
    done = subprocess.run(
        command, input=text, env=environment, cwd=folder, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert not [*folder.iterdir()], "it leaves nothing behind"


def latest(url: str, key: str) -> Submission:
    """The submission that arrived last, as the API shows it."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        (newest,) = client.get("/api/v1/executions", params={"limit": 1}).json()["items"]
        found: Submission = client.get(f"/api/v1/executions/{newest['id']}/submission").json()
        return found


def meaning(sent: Mapping[str, Any], form: str) -> Submission:
    """What the service understands: there are several ways to send the same."""
    found = {name: value for name, value in sent.items() if value not in (None, {}, [])}
    if "source" in found:
        found |= {"files": [{"name": "main.py", "content": found.pop("source")}]}
        found["entrypoint"] = "main.py"
    if "files" in found:
        found["files"] = {file["name"]: content(file) for file in found["files"]}
    found |= as_bytes(found, "stdin")
    expected = as_bytes(found, "expected_output")
    if found.pop("expected_output_base64", None) is not None:
        expected["is_exact"] = True
    found |= expected
    for name in ("stdin_base64", "expected_output_base64"):
        found.pop(name, None)
    for name in ("limits", "compile_limits"):
        if name in found:
            found[name] = {limit: float(value) for limit, value in found[name].items()}
    if "tests" in found:
        found["tests"] = [meaning({"name": str(n + 1)} | test, form) for n, test in numbered(found)]
        if form == "cli":  # It shows no output.
            found.pop("keep_output", None)
    if "checker" in found:
        found["checker"] = meaning(found["checker"], form)
    return found


def numbered(sent: Submission) -> Iterator[tuple[int, Submission]]:
    return enumerate(sent["tests"])


def content(file: Mapping[str, str]) -> bytes:
    if file.get("encoding") == "base64":
        return b64decode(file["content"])
    return file["content"].encode()


def as_bytes(sent: Submission, name: str) -> Submission:
    if name in sent:
        return {name: sent[name].encode()}
    return {name: b64decode(sent[f"{name}_base64"])} if f"{name}_base64" in sent else {}
