"""Attributes of submissions: Judge0's checks with its messages, and what becomes of the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.doors.judge0.archive import Room, archive_of
from app.api.doors.judge0.attributes import Attributes
from app.api.doors.judge0.config import config_info
from app.api.doors.judge0.encoding import encoded
from app.api.doors.judge0.languages import offered
from app.api.doors.judge0.program import Invalid, Translated, translated
from app.domain.language import Language
from app.domain.policy import Policy
from app.domain.submission import MAX_DOOR_DATA_BYTES, File
from tests.unit.doors.test_judge0_texts import ANYTHING

PYTHON: Final = Language(
    name="python", version="3.12.7", source_name="main.py", compiled=False, stack="its own"
)
C: Final = Language(name="c", version="12.2.0", source_name="main.c", compiled=True)
BASH: Final = Language(name="bash", version="5.2.15", source_name="main.sh", compiled=False)
OFFERED: Final = offered([PYTHON, replace(PYTHON, version="3.9.1"), C, BASH])
POLICY: Final = Policy()
CONFIG: Final = config_info(POLICY)
HELLO: Final[dict[str, Any]] = {"language_id": 71, "source_code": "print(1)"}


def translate(sent: Mapping[str, Any], *, base64: bool = False, **facts: Any) -> Translated:
    return translated(
        HELLO | dict(sent), OFFERED, replace(POLICY, **facts), Room(10**6), base64=base64
    )


def native(sent: Mapping[str, Any], *, base64: bool = False) -> dict[str, Any]:
    return translate(sent, base64=base64).native


def invalid(sent: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    with pytest.raises(Invalid) as error:
        translate(sent)
    return error.value.found


def contents(body: dict[str, Any]) -> dict[str, str]:
    return {file["name"]: file["content"] for file in body["files"]}


class TestMessages:
    @pytest.mark.parametrize(
        ("sent", "name", "message"),
        [
            ({"language_id": None}, "language_id", "can't be blank"),
            ({"language_id": "x"}, "language_id", "is not a number"),
            ({"language_id": 150000}, "language_id", "language with id 150000 doesn't exist"),
            ({"language_id": 60}, "language_id", "language with id 60 doesn't exist"),
            (
                {"language_id": 4},
                "language_id",
                "language with id 4 is archived and cannot be used anymore",
            ),
            ({"source_code": None}, "source_code", "can't be blank"),
            ({"source_code": " \n"}, "source_code", "can't be blank"),
            ({"language_id": 89}, "source_code", "must be blank"),
            ({"cpu_time_limit": "x"}, "cpu_time_limit", "is not a number"),
            ({"cpu_time_limit": -1}, "cpu_time_limit", "must be greater than or equal to 0"),
            ({"cpu_time_limit": 60.5}, "cpu_time_limit", "must be less than or equal to 60.0"),
            ({"cpu_extra_time": 5.1}, "cpu_extra_time", "must be less than or equal to 5.0"),
            ({"wall_time_limit": 0.5}, "wall_time_limit", "must be greater than or equal to 1"),
            ({"memory_limit": 2047}, "memory_limit", "must be greater than or equal to 2048"),
            ({"memory_limit": 10**9}, "memory_limit", "must be less than or equal to 1048576"),
            ({"stack_limit": -1}, "stack_limit", "must be greater than or equal to 0"),
            (
                {"max_processes_and_or_threads": 0},
                "max_processes_and_or_threads",
                "must be greater than 0",
            ),
            ({"max_file_size": 4097}, "max_file_size", "must be less than or equal to 4096"),
            ({"number_of_runs": -2}, "number_of_runs", "must be greater than 0"),
            ({"number_of_runs": 21}, "number_of_runs", "must be less than or equal to 20"),
            ({"enable_network": "true"}, "enable_network", "enabling network is not allowed"),
            (
                {"enable_per_process_and_thread_time_limit": True},
                "enable_per_process_and_thread_time_limit",
                "this option cannot be enabled",
            ),
            (
                {"command_line_arguments": "x" * 513},
                "command_line_arguments",
                "is too long (maximum is 512 characters)",
            ),
            (
                {"compiler_options": "-O3"},
                "compiler_options",
                "setting compiler options is only allowed for compiled languages",
            ),
        ],
    )
    def test_are_those_of_judge0(self, sent: dict[str, Any], name: str, message: str) -> None:
        assert invalid(sent) == {name: [message]}

    def test_come_all_at_once(self) -> None:
        sent = {"language_id": 0, "source_code": "", "memory_limit": 1, "additional_files": "eA"}
        assert set(invalid(sent)) == set(sent)


ATTRIBUTES: Final = (
    *("stdin", "expected_output", "compiler_options"),
    *("command_line_arguments", "cpu_time_limit", "cpu_extra_time", "wall_time_limit"),
    *("memory_limit", "stack_limit", "max_processes_and_or_threads", "max_file_size"),
    *("redirect_stderr_to_stdout", "enable_network", "number_of_runs", "additional_files"),
    *("callback_url", "enable_per_process_and_thread_time_limit"),
)
IDS: Final = st.sampled_from([*OFFERED, *map(str, OFFERED), 1, 60])


def check_messages(found: Mapping[str, Sequence[str]]) -> None:
    assert found
    assert all(found.values())


class TestAnything:
    @given(
        st.fixed_dictionaries(
            {"language_id": IDS, "source_code": st.text()},
            optional=dict.fromkeys(ATTRIBUTES, ANYTHING),
        ),
        st.booleans(),
    )
    def test_is_translated_or_refused(self, sent: dict[str, Any], base64: bool) -> None:
        try:
            found = translated(sent, OFFERED, POLICY, Room(10**6), base64=base64)
        except Invalid as error:
            check_messages(error.found)
            return
        most, limits = POLICY.max_limits, found.native["limits"]
        assert all(
            0 < limits[name] <= getattr(most, name) for name in limits if "stack" not in name
        )
        assert limits.get("stack_mib", 1) <= limits["memory_mib"]
        assert len(found.attributes.to_json().encode()) <= MAX_DOOR_DATA_BYTES
        assert Attributes.from_json(found.attributes.to_json()) == found.attributes

    def test_the_longest_texts_can_be_remembered(self) -> None:
        longest = {"language_id": 50, "compiler_options": "\U0001f600" * 512}
        found = translate(longest | {"command_line_arguments": "\0" * 512})
        assert len(found.attributes.to_json().encode()) <= MAX_DOOR_DATA_BYTES


class TestLimits:
    def test_of_one_that_sends_none(self) -> None:
        assert translate({}).native["limits"] == {
            "cpu_seconds": 6.0,
            "wall_seconds": 10.0,
            "memory_mib": 128,
            "processes": 128,
            "output_kib": 1024,
        }

    def test_zero_is_our_maximum(self) -> None:
        limits = native({"cpu_time_limit": 0, "max_file_size": 0})["limits"]
        assert (limits["cpu_seconds"], limits["output_kib"]) == (60, 4096)

    def test_the_extra_time_ends_at_our_maximum(self) -> None:
        sent = {"cpu_time_limit": 58, "cpu_extra_time": 5}
        assert native(sent)["limits"]["cpu_seconds"] == 60

    def test_sizes_are_rounded_up(self) -> None:
        sent = {"language_id": 50, "memory_limit": 128_001, "stack_limit": 1}
        limits = native(sent)["limits"]
        assert (limits["memory_mib"], limits["stack_mib"]) == (126, 1)

    def test_a_runtime_that_accepts_less(self) -> None:
        weak = offered([replace(PYTHON, accepts={"memory_mib": 64, "processes": 10})])
        limits = translated(HELLO, weak, POLICY, Room(10**6), base64=False).native["limits"]
        assert (limits["memory_mib"], limits["processes"]) == (64, 10)

    def test_the_configuration_follows_the_policy(self) -> None:
        small = replace(POLICY.max_limits, wall_seconds=5, memory_mib=64, output_kib=100)
        config = config_info(replace(POLICY, max_limits=small))
        assert (config["wall_time_limit"], config["max_wall_time_limit"]) == (5.0, 5.0)
        assert (config["memory_limit"], config["max_file_size"]) == (64 * 1024, 100)

    def test_a_multi_file_program_that_is_compiled_has_more(self) -> None:
        def limits(*files: str) -> dict[str, float]:
            archive = encoded(archive_of(File(name, b"") for name in files))
            sent = {"language_id": 89, "source_code": None, "additional_files": archive}
            found: dict[str, float] = native(sent)["limits"]
            return found

        ours = POLICY.default_compile_limits
        plain, compiled = limits("run"), limits("run", "compile.sh")
        assert compiled["memory_mib"] == ours.memory_mib > plain["memory_mib"]
        assert compiled["cpu_seconds"] == plain["cpu_seconds"] + ours.cpu_seconds
        assert compiled["wall_seconds"] == plain["wall_seconds"] + ours.wall_seconds
        assert (compiled["disk_mib"], "disk_mib" in plain) == (ours.disk_mib, False)
        archive = encoded(archive_of([File("compile", b"")]))
        assert native({"additional_files": archive})["limits"] == native({})["limits"]


class TestProgram:
    def test_a_source(self) -> None:
        body = native({"source_code": encoded(b"print('\xff')")}, base64=True)
        assert (body["language"], body["version"]) == ("python", "3.12.7")
        assert contents(body) == {"script.py": encoded(b"print('\xff')")}
        assert (body["entrypoint"], body["compile_args"]) == ("script.py", [])
        assert body["artifacts"] == ["*", "!/script.py"]

    def test_numbers_as_texts(self) -> None:
        assert native({"language_id": "71"})["language"] == "python"

    def test_additional_files_never_replace_the_source(self) -> None:
        archive = archive_of([File("script.py", b"no"), File("data/a", b"1")])
        body = native({"additional_files": encoded(archive)})
        assert contents(body) == {"script.py": encoded(b"print(1)"), "data/a": encoded(b"1")}

    def test_options_and_arguments_are_split_as_a_shell_does(self) -> None:
        sent = {
            "language_id": "50",
            "compiler_options": "-O3 -DX='a b'; rm $HOME",
            "command_line_arguments": 'one "two three" <four|`five`',
        }
        body = native(sent)
        assert body["compile_args"] == ["-O3", "-DX=a b", "rm", "HOME"]
        assert body["args"] == ["one", "two three", "fourfive"]

    def test_a_quotation_without_an_end(self) -> None:
        assert native({"command_line_arguments": "it's here"})["args"] == ["it's", "here"]

    def test_blank_options_are_none(self) -> None:
        assert native({"compiler_options": "", "command_line_arguments": " "})["args"] == []

    def test_streams(self) -> None:
        assert native({"redirect_stderr_to_stdout": "true"})["streams"] == "merged"
        assert native({"redirect_stderr_to_stdout": "false"})["streams"] == "separate"

    def test_expected_output_is_compared_by_lines(self) -> None:
        body = native({"expected_output": "1\n"})
        assert (body["expected_output_base64"], body["compare"]) == (encoded(b"1\n"), "lines")
        assert native({"expected_output": ""})["expected_output_base64"] == ""
        assert "compare" not in native({"expected_output": None})

    def test_several_runs_are_tests(self) -> None:
        body = native({"number_of_runs": 3, "stdin": "x"})
        assert (body["tests"], body["stop_on_failure"]) == ([{}, {}, {}], True)
        assert (body["stdin_base64"], body.get("artifacts")) == (encoded(b"x"), None)

    def test_a_runtime_that_keeps_no_files(self) -> None:
        poor = offered([replace(PYTHON, keeps_artifacts=False)])
        assert "artifacts" not in translated(HELLO, poor, POLICY, Room(10**6), base64=False).native

    def test_a_multi_file_program(self) -> None:
        archive = encoded(archive_of([File("run", b"echo hi")]))
        sent = {"language_id": 89, "source_code": None, "additional_files": archive}
        body = native(sent | {"command_line_arguments": "ignored"})
        assert (body["language"], body["args"]) == ("bash", [])
        assert contents(body)["run"] == encoded(b"echo hi")
        assert body["entrypoint"] in contents(body)

    @pytest.mark.parametrize(("id", "file"), [(43, "text.txt"), (44, "a.out")])
    def test_what_is_no_program_in_a_language(self, id: int, file: str) -> None:
        body = native({"language_id": id, "source_code": "hello"})
        assert contents(body)[file] == encoded(b"hello")
        assert body["entrypoint"] not in (file, None)


class TestLanguages:
    def test_names_have_the_true_version_in_the_form_of_judge0(self) -> None:
        names = {id: each.name for id, each in OFFERED.items()}
        assert names[71] == names[113] == "Python (3.12.7)"
        assert names[50] == "C (GCC 12.2.0)"
        assert names[89] == "Multi-file program"
        assert list(names.values()) == sorted(names.values())

    def test_details(self) -> None:
        assert OFFERED[50].details == {
            "id": 50,
            "name": "C (GCC 12.2.0)",
            "is_archived": False,
            "source_file": "main.c",
            "compile_cmd": "c-12.2.0 %s main.c",
            "run_cmd": "c-12.2.0 main.c",
        }
        assert OFFERED[71].details["compile_cmd"] is None
