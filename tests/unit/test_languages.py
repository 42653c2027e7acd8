"""languages.toml: what it may say, and that ours says it."""

from pathlib import Path

import pytest

from app.languages import BadLanguages, fill_in, load

GOOD = """
[python]
source = "main.py"
suffixes = [".py"]
executables = ["/usr/bin/python3"]
version = 'Python (.*)'
run = ["{executable}", "{entrypoint}"]
"""


def test_the_languages_of_this_release() -> None:
    assert {"python", "javascript", "c", "cpp", "bash"} <= load().keys()


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ('source = "main.py"', "", "python.source: must be a text"),
        ('[".py"]', '".py"', "python.suffixes: must be a list of texts"),
        ("/usr/bin/python3", "python3", "python: python3 is not an absolute path"),
        ("Python (.*)", "Python .*", "python.version: must have one group"),
        ("Python (.*)", "Python (.*", "python.version: missing"),
        ("{entrypoint}", "{home}", "python.run: {home} can't be filled in"),
        ("{entrypoint}", "-I{sources}", "python.run: -I{sources} can't be filled in"),
        ("run =", "threads = -1\nrun =", "python.threads: must be a number"),
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


def test_a_command_is_filled_in_argument_by_argument() -> None:
    command = fill_in(
        ["{executable}", "-m{memory_mib}", "-o", "{program}", "{sources}", "{entrypoint}"],
        executable="/usr/bin/cc",
        entrypoint="a b.c",
        sources=["a b.c", "c.c"],
        program="/box/program",
        memory_mib=64,
    )

    assert command == ["/usr/bin/cc", "-m64", "-o", "/box/program", "a b.c", "c.c", "a b.c"]
