"""Programs that continue each other, as cells of a notebook do."""

from app.domain.submission import Submission
from app.ports import Ports
from app.service import notebooks
from app.service.submit import submit
from tests.support.builders import a_key, a_submission
from tests.support.twins import make_twins


def last(ports: Ports, owner: str, name: str) -> Submission | None:
    return notebooks.last_submission(ports.notebooks, ports.store.executions, owner, name)


def test_a_notebook_has_the_submission_that_came_last() -> None:
    ports = make_twins().ports
    assert last(ports, "ada", "n") is None
    for source in (b"1", b"2"):
        submission = a_submission(stdin=source)
        execution = submit(ports, a_key(), submission)
        notebooks.continue_with(ports.notebooks, "ada", "n", execution.id)
        assert last(ports, "ada", "n") == submission


def test_notebooks_and_owners_are_apart() -> None:
    ports = make_twins().ports
    execution = submit(ports, a_key(), a_submission())
    notebooks.continue_with(ports.notebooks, "ada", "n", execution.id)
    assert last(ports, "ada", "m") is None
    assert last(ports, "bob", "n") is None


def test_one_that_was_forgotten_is_new_again() -> None:
    ports = make_twins().ports
    notebooks.forget(ports.notebooks, "ada", "n")
    execution = submit(ports, a_key(), a_submission())
    notebooks.continue_with(ports.notebooks, "ada", "n", execution.id)
    notebooks.forget(ports.notebooks, "ada", "n")
    assert last(ports, "ada", "n") is None


def test_an_execution_that_is_gone_ends_its_notebook() -> None:
    ports = make_twins().ports
    notebooks.continue_with(ports.notebooks, "ada", "n", "gone")
    assert last(ports, "ada", "n") is None
