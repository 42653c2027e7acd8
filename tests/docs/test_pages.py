"""The pages agree with the code."""

import re
from pathlib import Path

import grimp
import pytest
import yaml

import podline
from app.api.executions import stream
from app.cli import exit_codes, main
from app.cli.process import BROKEN_PIPE, STOPPED
from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.execution import TRANSITIONS, Outcome, State
from app.domain.replay import ReplayMode, Skipped
from app.queues import QUEUES
from app.settings import Settings
from app.settings.checks import names
from app.settings.sources import variable
from docs.generate import parts_diagram, settings_table
from docs.generate.pages import BLOCKS, FILES, block
from podline import Priority
from sandbox.languages import load
from tests.support.markdown import (
    DOCS,
    PAGES,
    ROOT,
    anchors,
    code_blocks,
    links,
    prose,
    table_rows,
)
from tests.support.sandbox_daemon import SandboxDaemon

ARCHITECTURE = DOCS / "architecture.md"
AWK_INPUT = {"stdin": b"one two\n", "env": {"WORD": "ä"}}
NO_SETTINGS = {
    *("PODLINE_URL", "PODLINE_KEY", "PODLINE_SETTINGS_FILE", "PODLINE_SECRETS_DIR"),
    *("PODLINE_CI_SKIP", "PODLINE_NAMESPACE"),
}
"""Read by the client, by the settings themselves, by .ci/run, and by Compose."""
CODE = ("app", "tasks", "podline", "sandbox", "tests", "benchmarks")


@pytest.mark.parametrize("name", BLOCKS)
def test_generated_blocks_are_up_to_date(name: str) -> None:
    page, text = BLOCKS[name]
    assert block((DOCS / page).read_text(encoding="utf-8"), name) == text(), (
        "run python -m docs.generate"
    )


@pytest.mark.parametrize("name", FILES)
def test_generated_files_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == FILES[name](), "run python -m docs.generate"


def test_the_diagrams_show_the_transitions_and_nothing_else() -> None:
    expected = {(str(a), str(b)) for a, after in TRANSITIONS.items() for b in after}
    (mermaid,) = code_blocks(ARCHITECTURE, "mermaid")
    picture = (DOCS / "states.svg").read_text(encoding="utf-8")
    assert set(re.findall(r"^ +(\w+) --> (\w+)$", mermaid.text, re.M)) == expected
    assert set(re.findall(r"<title>(\w+) → (\w+)</title>", picture)) == expected


def test_the_table_of_states_is_the_table_of_transitions() -> None:
    shown = {row[0]: set(row[2].split(", ")) - {"-"} for row in table_rows(ARCHITECTURE, "State")}
    assert shown == {str(state): set(map(str, TRANSITIONS[state])) for state in State}


def test_the_picture_shows_the_parts_that_the_contracts_name() -> None:
    picture = (DOCS / "parts.svg").read_text(encoding="utf-8")
    drawn = re.findall(r"<g><title>([\w.]+)</title>", picture)
    named = [part for column in parts_diagram.columns() for row in column.rows for part in row]
    assert drawn == named


def test_one_execution_leads_through_five_files_that_import_one_another() -> None:
    steps = prose(ARCHITECTURE).partition("## One execution")[2].partition("\n## ")[0]
    files = re.findall(r"^\d\. \*\*`([\w/]+)\.py`\*\*", steps, re.M)
    assert len(files) == 5
    api, submit, chain, execution, step = (file.replace("/", ".") for file in files)
    graph = grimp.build_graph("app", "tasks")
    assert submit in graph.find_modules_directly_imported_by(api)
    for module in (submit, chain, step):
        assert execution in graph.find_modules_directly_imported_by(module)


def test_every_step_is_a_task_that_calls_one_of_the_files_that_the_page_names() -> None:
    fifth = re.search(r"^5\. (.+) beside it", prose(ARCHITECTURE), re.M)
    assert fifth
    named = {f"app.service.{name}" for name in re.findall(r"(\w+)\.py", fifth[1])}
    graph = grimp.build_graph("app", "tasks")
    tasks = graph.find_modules_that_directly_import("app.domain.chain")
    called = {
        service
        for task in tasks
        if task.startswith("tasks.")
        for service in graph.find_modules_directly_imported_by(task)
        if service.startswith("app.service.")
    }
    assert named <= called


def test_every_queue_has_its_role() -> None:
    assert {row[1] for row in table_rows(ARCHITECTURE, "Role")} == set(QUEUES)


def test_every_outcome_is_ranked() -> None:
    ranking = prose(ARCHITECTURE).partition("## Which outcome wins")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", ranking)) >= set(map(str, Outcome))


def test_every_setting_is_described() -> None:
    assert settings_table.undescribed() == set()


@pytest.mark.parametrize(
    ("title", "prefix"),
    [
        ("Limits of submissions", "PODLINE_INPUT__"),
        ("Kafka", "PODLINE_KAFKA__"),
        ("Kubernetes", "PODLINE_KUBERNETES__"),
    ],
)
def test_settings_of_one_kind_are_in_one_section(title: str, prefix: str) -> None:
    sections = settings_table.table().split("## ")
    assert {each.partition("\n")[0] for each in sections if f"`{prefix}" in each} == {title}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_settings_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"\bPODLINE_[A-Z][A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))
    assert named <= {variable(name) for name in names(Settings)} | NO_SETTINGS


def test_every_command_is_listed() -> None:
    listed = " ".join(row[0] for row in table_rows(DOCS / "cli.md", "Command"))

    assert set(main.places) <= set(re.findall(r"[a-z]+", listed))


def test_every_event_of_a_stream_is_listed() -> None:
    listed = " ".join(row[0] for row in table_rows(DOCS / "api.md", "Event"))

    described = set(re.findall(r"`(\w+)`(?=[:,] )", stream.__doc__ or ""))
    assert set(re.findall("[a-z]+", listed)) == described


def test_exit_codes() -> None:
    shown = {int(row[0]) for row in table_rows(DOCS / "cli.md", "Exit code")}
    ours = STOPPED | {BROKEN_PIPE, exit_codes.CANCELLED, exit_codes.FAILED, exit_codes.OURS}
    assert shown == ours | {code for code in exit_codes.OF_OUTCOME.values() if code}


def test_dead_letters() -> None:
    page = DOCS / "dead-letters.md"
    assert {row[0] for row in table_rows(page, "Kind")} == set(map(str, DeadLetterKind))
    assert {row[0] for row in table_rows(page, "Status")} == set(map(str, DeadLetterStatus))


def test_replays() -> None:
    page = DOCS / "replay.md"
    assert {row[0] for row in table_rows(page, "Mode")} == set(map(str, ReplayMode))
    assert {row[0] for row in table_rows(page, "Skipped")} == set(map(str, Skipped))


def test_roles_and_priorities() -> None:
    assert [row[0] for row in table_rows(DOCS / "api.md", "Role")] == list(map(str, Role))
    (priorities,) = (r[1] for r in table_rows(DOCS / "api.md", "Field") if r[0] == "priority")
    assert re.findall(r"\w+", priorities) == list(map(str, Priority))


def test_the_language_to_add_can_be_added(tmp_path: Path) -> None:
    (example,) = code_blocks(DOCS / "languages.md", "toml")
    path = tmp_path / "languages.toml"
    path.write_text(example.text, encoding="utf-8")
    daemon = SandboxDaemon(tmp_path, bays=1, languages=path)
    daemon.start()
    try:
        _, output = daemon.run("awk", '{ print NR, $2, ENVIRON["WORD"] }', **AWK_INPUT)
    finally:
        daemon.stop()
    assert output.run
    assert output.run.stdout == b"1 two \xc3\xa4\n"


def test_the_reference_has_all_that_the_client_exports() -> None:
    page = (DOCS / "client-reference.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^::: ([\w.]+)$", page, re.M))
    for name in set(podline.__all__) - {"__version__", "Items", "StreamEvent"}:
        exported = getattr(podline, name)
        assert exported.__doc__, name
        assert {exported.__module__, f"{exported.__module__}.{name}"} & shown, name


def test_every_language_is_listed() -> None:
    listed = {row[0] for row in table_rows(DOCS / "languages.md", "Name")}
    assert listed == set(load())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_the_guide_for_contributors_names_files_that_exist() -> None:
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", prose(ROOT / "CONTRIBUTING.md"))
    assert len(named) > 50
    for path in named:
        assert (ROOT / path).exists(), path


def test_the_guide_for_contributors_says_what_each_part_of_the_service_has() -> None:
    listed = {row[0].strip("`") for row in table_rows(ROOT / "CONTRIBUTING.md", "Path")}
    parts = {f"app/{path.parent.name}/" for path in (ROOT / "app").glob("*/__init__.py")}

    assert parts <= listed


def test_the_forge_runs_what_every_machine_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["ci"]["steps"]
    assert steps[-1]["run"].endswith(".ci/run")
    for template in (ROOT / ".github/ISSUE_TEMPLATE").iterdir():
        assert yaml.safe_load(template.read_text(encoding="utf-8")), template


def test_the_code_names_pages_that_exist() -> None:
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for named in re.findall(r"\bdocs/[\w/-]+\.md", path.read_text("utf-8", "replace")):
            assert (ROOT / named).exists(), f"{path}: {named}"
