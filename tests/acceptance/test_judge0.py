"""Clients of Judge0, unchanged: its Python package, and the requests of its web editor."""

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import judge0
import pytest
from judge0 import Client, File, Filesystem, LanguageAlias, Status, Submission

from tests.acceptance.setups import Service

EDITOR_POLLS: Final = 600
"""judge0/ide polls up to 50 times, but it isn't used on busy machines."""
EDITOR_PAUSE_SECONDS: Final = 0.1
SUM: Final = "a, b = map(int, input().split())\nprint(a + b)"
C_HELLO: Final = '#include <stdio.h>\nint main(void) { puts("hello"); }'


@pytest.fixture(scope="module")
def package(service: Service) -> Client:
    return Client(f"{service.url}/judge0", {"X-Auth-Token": service.key})


@pytest.fixture(scope="module")
def editor(service: Service) -> Iterator[httpx.Client]:
    """Sends the key with each request in the path, because judge0/ide polls without a header."""
    base = f"{service.url}/d/{service.key}/judge0"
    with httpx.Client(base_url=base, timeout=30) as client:
        yield client


def run(package: Client, **facts: Any) -> Submission:
    found = judge0.run(client=package, **facts)
    assert isinstance(found, Submission)
    return found


class TestPackage:
    def test_runs_a_program(self, package: Client) -> None:
        found = run(package, source_code="print('hé')", language=LanguageAlias.PYTHON)
        assert (found.stdout, found.status) == ("hé\n", Status.ACCEPTED)
        assert found.time is not None
        assert found.wall_time is not None
        assert found.created_at is not None
        assert found.finished_at is not None
        assert found.is_done()

    @pytest.mark.long
    def test_runs_one_in_the_background(self, package: Client) -> None:
        submission = Submission(source_code="print(input())", language=71, stdin="in")
        sent = judge0.async_run(client=package, submissions=submission)
        found = judge0.wait(client=package, submissions=sent)
        assert (found.stdout, found.stdin) == ("in\n", "in")

    def test_runs_test_cases_as_a_batch(self, package: Client) -> None:
        cases = [("1 2", "3"), ("4 5", "9"), ("1 1", "3")]
        found = judge0.run(
            client=package,
            submissions=Submission(source_code=SUM, language=LanguageAlias.PYTHON),
            test_cases=cases,
        )
        expected = [Status.ACCEPTED, Status.ACCEPTED, Status.WRONG_ANSWER]
        assert [each.status for each in found] == expected

    def test_brings_files_and_gets_those_that_were_made(self, package: Client) -> None:
        code = "print(open('data/in.txt').read(), end='')\nopen('out.txt', 'w').write('made')"
        files = Filesystem(content=[File(name="data/in.txt", content="in")])
        found = run(package, source_code=code, language=71, additional_files=files)
        assert found.stdout == "in"
        assert found.post_execution_filesystem is not None
        contents = {each.name: each.content for each in found.post_execution_filesystem}
        expected = {"data/in.txt": b"in", "out.txt": b"made", "script.py": code.encode()}
        assert contents == expected

    def test_runs_a_multi_file_program(self, package: Client) -> None:
        files = Filesystem(
            content=[
                File(name="hello.txt", content="hello\n"),
                File(name="compile", content="tr a-z A-Z <hello.txt >made.txt"),
                File(name="run", content="cat made.txt"),
            ]
        )
        found = run(package, language=LanguageAlias.MULTI_FILE, source_code="",
                    additional_files=files)  # fmt: skip
        assert (found.stdout, found.status) == ("HELLO\n", Status.ACCEPTED)

    @pytest.mark.long
    def test_sees_that_a_multi_file_program_does_not_compile(self, package: Client) -> None:
        files = [File(name="compile.sh", content="echo no >&2; exit 3"), File(name="run.sh")]
        found = run(package, language=89, source_code="",
                    additional_files=Filesystem(content=files))  # fmt: skip
        assert (found.status, found.compile_output) == (Status.COMPILATION_ERROR, "no\n")

    @pytest.mark.long
    def test_runs_a_program_that_is_compiled_already(self, package: Client) -> None:
        content = Path("/bin/true").read_bytes()
        found = run(package, source_code=content, language=LanguageAlias.EXECUTABLE)
        assert found.status == Status.ACCEPTED, found

    @pytest.mark.long
    def test_prints_a_text(self, package: Client) -> None:
        found = run(package, source_code="hello", language=LanguageAlias.PLAIN_TEXT)
        assert found.stdout == "hello"

    @pytest.mark.parametrize(
        ("source", "facts", "status"),
        [
            ("while True: pass", {"cpu_time_limit": 0.2, "cpu_extra_time": 0}, 5),
            pytest.param("import os; os.abort()", {}, 10, marks=pytest.mark.long),
            pytest.param("exit(3)", {}, 11, marks=pytest.mark.long),
            ("x = bytearray(400_000_000)", {"memory_limit": 64_000}, 11),
            pytest.param("print('x' * 200_000)", {"max_file_size": 64}, 8, marks=pytest.mark.long),
        ],
    )
    def test_sees_how_a_program_failed(
        self, package: Client, source: str, facts: dict[str, Any], status: int
    ) -> None:
        found = run(package, source_code=source, language=LanguageAlias.PYTHON, **facts)
        assert found.status == Status(status)

    @pytest.mark.long
    def test_repeats_a_program(self, package: Client) -> None:
        found = run(package, source_code="print(1)", language=71, number_of_runs=3,
                    expected_output="1")  # fmt: skip
        assert (found.stdout, found.status) == ("1\n", Status.ACCEPTED)


def polled(editor: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    """What judge0/ide does after a click on Run."""
    sent = editor.post("/submissions?base64_encoded=true&wait=false", json=body)
    assert sent.status_code == 201, sent.text
    token = sent.json()["token"]
    for _ in range(EDITOR_POLLS):
        found = editor.get(f"/submissions/{token}?base64_encoded=true").json()
        if found["status"]["id"] > 2:
            return dict(found)
        time.sleep(EDITOR_PAUSE_SECONDS)
    pytest.fail(f"it has not ended: {json.dumps(found)}")


class TestEditor:
    def test_runs_a_program_with_its_options(self, editor: httpx.Client) -> None:
        ids = {each["id"] for each in editor.get("/languages").json()}
        assert {71, 46, 50, 103} <= ids
        assert editor.get("/languages/103").json()["source_file"] == "main.c"
        source = '#include <stdio.h>\nint main(int c, char **v) { printf("%s", v[N]); }'
        found = polled(
            editor,
            {
                "source_code": b64encode(source.encode()).decode(),
                "language_id": 103,
                "stdin": "",
                "compiler_options": "-DN=1",
                "command_line_arguments": "'one word' two",
                "redirect_stderr_to_stdout": True,
            },
        )
        assert b64decode(found["stdout"]) == b"one word"
        assert found["status"]["description"] == "Accepted"
        assert float(found["time"]) >= 0

    @pytest.mark.long
    def test_shows_what_the_compiler_says(self, editor: httpx.Client) -> None:
        body = {"source_code": b64encode(b"int main( {").decode(), "language_id": 103}
        found = polled(editor, body)
        assert found["status"]["id"] == 6
        assert b"error" in b64decode(found["compile_output"])


def test_a_client_that_waits(editor: httpx.Client) -> None:
    """As LibreChat's bridge does."""
    fields = "stdout,stderr,status,compile_output,message,time,memory,post_execution_filesystem"
    response = editor.post(
        f"/submissions?base64_encoded=true&wait=true&fields={fields}",
        json={"source_code": b64encode(b"print(6 * 7)").decode(), "language_id": "71"},
    )
    found = response.json()
    assert (response.status_code, list(found)) == (201, fields.split(","))
    assert b64decode(found["stdout"]) == b"42\n"


SAYS_HELLO: Final = {
    46: "echo hello",
    50: C_HELLO,
    54: '#include <iostream>\nint main() { std::cout << "hello\\n"; }',
    60: 'package main\nimport "fmt"\nfunc main() { fmt.Println("hello") }',
    62: 'class Main { public static void main(String[] a) { System.out.println("hello"); } }',
    63: "console.log('hello')",
    64: "print('hello')",
    68: "<?php echo 'hello', PHP_EOL;",
    71: "print('hello')",
    72: "puts 'hello'",
    73: 'fn main() { println!("hello"); }',
    74: "const said: string = 'hello'; console.log(said)",
    80: "cat('hello\\n')",
    85: 'print "hello\\n";',
}


@pytest.mark.long
@pytest.mark.parametrize("id", SAYS_HELLO)
def test_each_language_by_its_oldest_id(package: Client, id: int) -> None:
    if not package.is_language_supported(id):
        pytest.skip("not available here")
    found = run(package, source_code=SAYS_HELLO[id], language=id)
    assert (found.status, found.stdout) == (Status.ACCEPTED, "hello\n"), found
