"""`podline submit --batch`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.infrastructure.memory.runtime import Script
from tests.cli.conftest import Podline
from tests.cli.terminal import on_a_terminal
from tests.support.service import Service

GOOD = {"language": "python", "source": "print(input())", "stdin": "x"}


def write(folder: Path, *programs: object) -> str:
    path = folder / "all.jsonl"
    path.write_text("".join(f"{json.dumps(program)}\n" for program in programs) + "\n")
    return path.name


def printed(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_prints_the_id_of_each(service: Service, podline: Podline, folder: Path) -> None:
    service.runs_nothing()
    done = podline("submit", "--batch", write(folder, GOOD, GOOD))
    assert done.exit_code == 0
    assert done.stdout.split() == sorted(execution.id for execution in service.submitted())
    assert len({execution.batch_id for execution in service.submitted()}) == 1


def test_names_the_lines_that_are_refused(service: Service, podline: Podline, folder: Path) -> None:
    service.runs_nothing()
    done = podline("submit", "--batch", write(folder, GOOD, {"language": "cobol"}, GOOD))
    assert done.exit_code == 1
    assert len(done.stdout.split()) == 2
    assert done.stderr.startswith("podline: line 2: The request is not valid: /executions/1/")


def test_from_stdin(service: Service) -> None:
    lines = f"{json.dumps(GOOD)}\n7\n"
    options = ["submit", "--url", service.url, "--key", service.key, "--batch", "-"]
    refused = CliRunner().invoke(main, options, input=lines)
    assert "stdin, line 2: not a JSON object" in refused.stderr
    done = CliRunner().invoke(main, options, input=json.dumps(GOOD))
    assert done.stdout.split() == [execution.id for execution in service.submitted()]


def test_with_json_prints_a_line_for_each(service: Service, podline: Podline, folder: Path) -> None:
    service.runs_nothing()
    done = podline("submit", "--batch", "--json", write(folder, GOOD, {"language": "cobol"}))
    refused, accepted = printed(done.stdout)
    assert (refused["line"], refused["problem"]["status"]) == (2, 422)
    assert (accepted["line"], accepted["execution"]["state"]) == (1, "queued")
    assert done.exit_code == 1


def test_waits_and_counts_the_outcomes(podline: Podline, folder: Path) -> None:
    done = podline("submit", "--batch", "--wait", write(folder, GOOD, GOOD))
    assert done.exit_code == 0
    assert done.stdout.split() == ["outcome", "executions", "success", "2"]


def test_waits_and_prints_results_as_json(service: Service, podline: Podline, folder: Path) -> None:
    service.twins.runtime.script = lambda _: Script(prints=b"out")
    done = podline("submit", "--batch", "--wait", "--json", write(folder, GOOD, GOOD))
    lines = printed(done.stdout)
    assert sorted(line["line"] for line in lines) == [1, 2]
    assert {line["execution"]["result"]["stdout"] for line in lines} == {"out"}


def test_a_key_covers_all(service: Service, podline: Podline, folder: Path) -> None:
    service.runs_nothing()
    name = write(folder, GOOD, GOOD)
    first = podline("submit", "--batch", name, "--idempotency-key", "k")
    again = podline("submit", "--batch", name, "--idempotency-key", "k")
    assert first.stdout == again.stdout
    assert len(service.submitted()) == 2


@pytest.mark.parametrize("line", ["7", "[]", "{", '"x"', "[" * 5_000])
def test_what_is_no_object(podline: Podline, folder: Path, line: str) -> None:
    (folder / "all.jsonl").write_text(f"{json.dumps(GOOD)}\n\n{line}\n")
    done = podline("submit", "--batch", "all.jsonl")
    assert done.exit_code == 2
    assert "all.jsonl, line 3: not a JSON object" in done.stderr


def test_takes_no_options_of_a_program(podline: Podline, folder: Path) -> None:
    for option, value in (("--memory-mib", "64"), ("--label", "a=b")):
        done = podline("submit", "--batch", write(folder, GOOD), option, value)
        assert done.exit_code == 2
        assert f"{option} can't be combined with --batch" in done.stderr
    done = podline("submit", "--batch", write(folder, GOOD), "all.jsonl")
    assert "--batch takes one file; set args in each of its lines" in done.stderr


def test_a_single_one_is_not_waited_for(podline: Podline, folder: Path) -> None:
    done = podline("submit", "--wait", write(folder, GOOD))
    assert done.exit_code == 2
    assert "--wait needs --batch" in done.stderr


def test_a_terminal_shows_progress(service: Service, folder: Path) -> None:
    there = {"PODLINE_URL": service.url, "PODLINE_KEY": service.key}
    name = str(folder / write(folder, GOOD, GOOD))
    code, shown = on_a_terminal("submit", "--batch", "--wait", name, spinner=True, **there)
    assert code == 0
    assert shown.index(b"submitted") < shown.index(b"ended") < shown.index(b"success")
    assert shown.count(b"100%") >= 2
