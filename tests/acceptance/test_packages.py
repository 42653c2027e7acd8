"""Packages that an operator has installed, as users find and import them."""

from podline import Client, Language
from tests.support.waiting import wait_until

SOURCE = "import greeting; print(greeting.WORD)"


def python(client: Client) -> Language:
    return next(language for language in client.languages() if language.name == "python")


def test_those_that_are_listed_can_be_imported(client: Client) -> None:
    wait_until(lambda: python(client).packages == {"greeting": "1.0"})

    execution = client.run(SOURCE, language="python")

    assert execution.result, execution.message
    assert (execution.outcome, execution.result.stdout) == ("success", "hello\n")
