"""What languages.toml may contain, and that our own is valid."""

import re
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from sandbox.languages import BadLanguages, LanguageSpec, language_of, load
from sandbox.languages.spec import spec_of

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
        ('source = "main.py"', "", "python.source: is missing"),
        ('[".py"]', '".py"', 'python.suffixes: must be a list, such as ["a"]'),
        ("/usr/bin/python3", "python3", "python.executables.0: python3 must start with / or ~/"),
        ("Python (.*)", "Python .*", "python.version: must have one group"),
        ("Python (.*)", "Python (.*", "python.version: is not a regular expression: missing"),
        ("run =", "ignores = '('\nrun =", "python.ignores: is not a regular expression: missing"),
        (
            "{entrypoint}",
            "{home}",
            "python.run.1: {home}: home is not a known name: write one of executable, ",
        ),
        ("{entrypoint}", "-I{sources}", "python.run.1: -I{sources}: sources is not a known name"),
        ("{entrypoint}", "{", "python.run.1: {: "),
        (
            "run =",
            'prepare = ["{entrypoint}"]\nrun =',
            "python.prepare.0: {entrypoint}: ",
        ),
        (
            "run =",
            "compile_env = { A = '{home}' }\nrun =",
            "python.compile_env.A: {home}: ",
        ),
        (
            "run =",
            "compile_needs = { luck = 1 }\nrun =",
            "python.compile_needs: luck is not a limit: write one of cpu_seconds, ",
        ),
        (
            "run =",
            "package_needs = { numpy = { luck = 1 } }\nrun =",
            "python.package_needs.numpy: luck is not a limit",
        ),
        (
            "run =",
            "packages = 'conda'\nrun =",
            "python.packages: must be 'pip' or 'npm'",
        ),
        (
            "run =",
            "compile = ['cc']\npackage_files = { numpy = 'x' }\nrun =",
            "python: package_files: not possible for a compiled language",
        ),
        (
            "run =",
            "threads = -1\nrun =",
            "python.threads: must be 0 or more",
        ),
        (
            "run =",
            "prints_lines = 1\nrun =",
            "python.prints_lines: must be true or false",
        ),
        (
            "run =",
            'line_args = ["{home}"]\nrun =',
            "python.line_args.0: {home}: ",
        ),
        (
            "run =",
            "line_env = { A = '{bin}' }\nrun =",
            "python.line_env.A: {bin}: ",
        ),
        ("run =", 'line_args = ["-u"]\nrun =', "python: line_args: the command has no {line_args}"),
        (
            "run =",
            'compile = ["cc"]\nprepared_args = ["-I{cache}"]\nrun =',
            "python: prepared_args: the command has no {prepared_args}",
        ),
        ("run =", "env = 5\nrun =", "python.env: must be a table"),
        ("{entrypoint}", "{program}", "python: run: without `compile`, nothing makes {program}"),
        ("run =", "name = 'x'\nrun =", "python: must be a table, without a key `name`"),
        ("run =", "threads = '1'\nrun =", "python.threads: must be a whole number"),
        ('[".py"]', "[]", "python.suffixes: must not be empty"),
        ("run =", "runs = 5\nrun =", "python.runs: is not a known key"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, good: str, bad: str, message: str) -> None:
    path = tmp_path / "languages.toml"
    path.write_text(GOOD)
    assert load(path)["python"].run == ("{executable}", "{entrypoint}")
    path.write_text(GOOD.replace(good, bad))

    with pytest.raises(BadLanguages) as caught:
        load(path)

    assert str(caught.value).startswith(f"{path}: {message}")


KEYS = sorted({*LanguageSpec.model_fields, "colour"} - {"name"})
TOML = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


@hypothesis.given(st.dictionaries(st.sampled_from(KEYS), TOML, max_size=3))
def test_no_mistake_is_worded_for_programmers(values: dict[str, object]) -> None:
    said = ""
    try:
        spec_of("toy", values)
    except BadLanguages as error:
        said = str(error)
    assert not re.search(r"Input|valid|should|dictionary|Tuple", said)


def test_all_mistakes_of_a_language_are_named(tmp_path: Path) -> None:
    path = tmp_path / "languages.toml"
    path.write_text(GOOD.replace('source = "main.py"', "threads = -1"))

    with pytest.raises(BadLanguages, match=r"python\.source: .*; python\.threads: "):
        load(path)


def test_every_language_of_ours_can_print_each_line() -> None:
    assert all(language_of(spec, "1").line_buffering for spec in load().values())


def test_a_language_of_an_operator_s_own_is_not_known_to_print_each_line(tmp_path: Path) -> None:
    path = tmp_path / "languages.toml"
    path.write_text(GOOD)
    assert not language_of(load(path)["python"], "1").line_buffering


def test_arguments_for_the_compiler_come_last_or_where_the_command_has_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "languages.toml"
    for given, command in [
        ('["cc", "{sources}"]', ("cc", "{sources}", "{compile_args}")),
        ('["cc", "{compile_args}", "."]', ("cc", "{compile_args}", ".")),
    ]:
        path.write_text(f"{GOOD}compile = {given}\n")
        assert load(path)["python"].compile == command


def test_no_alias_is_another_language_s_name_or_alias() -> None:
    languages = load()
    names = [*languages, *(alias for spec in languages.values() for alias in spec.aliases)]
    assert len(names) == len(set(names))


def test_a_language_needs_what_the_most_demanding_of_its_packages_needs() -> None:
    needs = {"big": {"memory_mib": 512}, "small": {"memory_mib": 256, "processes": 150}}
    spec = load()["python"].model_copy(update={"package_needs": needs})

    found = language_of(spec, "3.12", {"Big": "1", "other": "2", "small": "3"})

    assert found.needs == {"memory_mib": 512, "processes": 150}
    assert found.packages == {"Big": "1", "other": "2", "small": "3"}
    assert language_of(spec, "3.12").needs == {}


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('openjdk full version "17.0.15+6-Debian-1deb12u1"', "17.0.15"),
        ('openjdk full version "21+35-LTS"', "21"),
        ('java full version "1.8.0_292-b10"', "1.8.0"),
    ],
)
def test_the_version_of_java(printed: str, version: str) -> None:
    found = re.search(load()["java"].version, printed)

    assert found
    assert found[1] == version
