"""languages.toml: what it may say, and that ours says it."""

from pathlib import Path

import pytest

from app.languages import BadLanguages, load

GOOD = """
[python]
source = "main.py"
suffixes = [".py"]
executables = ["/usr/bin/python3"]
version = 'Python (.*)'
run = ["{executable}", "{entrypoint}"]
"""


def test_a_file_adds_and_replaces_languages(tmp_path: Path) -> None:
    path = tmp_path / "languages.toml"
    path.write_text(GOOD + GOOD.replace("[python]", "[snake]"))

    languages = load(path)

    assert languages.keys() == load().keys() | {"snake"}
    assert languages["python"].version == "Python (.*)"


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ('source = "main.py"', "", "python.source: must be a text"),
        ('[".py"]', '".py"', "python.suffixes: must be a list of texts"),
        ("/usr/bin/python3", "python3", "python.executables: python3 begins with neither"),
        ("Python (.*)", "Python .*", "python.version: must have one group"),
        ("Python (.*)", "Python (.*", "python.version: missing"),
        ("{entrypoint}", "{home}", "python.run: {home} can't be filled in"),
        ("{entrypoint}", "-I{sources}", "python.run: -I{sources} can't be filled in"),
        ("{entrypoint}", "{", "python.run: {: "),
        ("run =", 'prepare = ["{entrypoint}"]\nrun =', "python.prepare: {entrypoint} can't be"),
        ("run =", "compile_env = { A = '{home}' }\nrun =", "python.compile_env: {home} can't be"),
        ("run =", "compile_needs = { luck = 1 }\nrun =", "python.compile_needs.luck: there is no"),
        ("run =", "threads = -1\nrun =", "python.threads: must be a whole number"),
        ("run =", "env = 5\nrun =", "python.env: must be a table of texts"),
        ("run =", "runs = 5\nrun =", "python.runs: there is no such key"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, good: str, bad: str, message: str) -> None:
    path = tmp_path / "languages.toml"
    path.write_text(GOOD)
    assert load(path)["python"].run == ("{executable}", "{entrypoint}")
    path.write_text(GOOD.replace(good, bad))

    with pytest.raises(BadLanguages) as caught:
        load(path)

    assert str(caught.value).startswith(message)
