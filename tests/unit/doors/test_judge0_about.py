"""What the door says of itself: the configuration, the languages, and its host."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import judge0
from hypothesis import given
from hypothesis import strategies as st

from app.api.doors.judge0 import health
from app.api.doors.judge0.config import config_info
from app.api.doors.judge0.languages import ARCHIVED, BY_ID, FAMILIES, Kind, id_of, offered
from app.domain.execution import Outcome, State
from app.domain.language import Language
from app.domain.policy import Policy
from app.domain.versions import release

POLICY: Final = Policy()
SIZES: Final = ("cpu_seconds", "wall_seconds", "memory_mib", "processes", "output_kib")
OF_CONFIG: Final = (
    *("cpu_time_limit", "wall_time_limit", "memory_limit", "stack_limit", "max_file_size"),
    *("cpu_extra_time", "max_processes_and_or_threads", "number_of_runs"),
)


class TestConfiguration:
    @given(st.fixed_dictionaries({name: st.integers(1, 10_000) for name in SIZES}))
    def test_no_default_is_above_its_maximum(self, most: dict[str, int]) -> None:
        found = config_info(replace(POLICY, max_limits=replace(POLICY.max_limits, **most)))
        for name in OF_CONFIG:
            assert 0 < found[name] <= found[f"max_{name}"]
            assert type(found[name]) is type(found[f"max_{name}"])

    def test_has_all_that_the_python_package_needs(self) -> None:
        needed = set(judge0.base_types.Config.model_fields)
        assert needed <= set(config_info(POLICY)) | {"disable_implicit_base64_encoding"}


NAMES: Final = sorted({family.name for family in FAMILIES})
LANGUAGES: Final = st.lists(
    st.builds(
        Language,
        name=st.sampled_from(NAMES),
        version=st.sampled_from(["3", "3.9.1", "3.10", "3.10.2", "12.2.0"]),
        source_name=st.just("main"),
        compiled=st.booleans(),
    ),
    max_size=8,
)


class TestLanguages:
    @given(LANGUAGES)
    def test_every_id_leads_to_the_newest_of_its_family(self, known: Sequence[Language]) -> None:
        found = offered(known)
        here = {each.name for each in known}
        assert set(found) == {id for id, family in BY_ID.items() if family.name in here}
        for id, each in found.items():
            assert each.id == id
            assert each.language in known
            assert each.language.name == BY_ID[id].name
            same = [other for other in known if other.name == each.language.name]
            assert release(each.language.version) == max(release(one.version) for one in same)
        names = [each.name for each in found.values()]
        assert names == sorted(names)

    @given(LANGUAGES)
    def test_clients_find_them_by_their_names(self, known: Sequence[Language]) -> None:
        for each in offered(known).values():
            if each.family.kind is Kind.SOURCE:
                name = rf"{re.escape(each.family.label)} \(.*{re.escape(each.language.version)}\)"
                assert re.fullmatch(name, each.name)
            assert each.details["source_file"] == (each.family.source_file or None)
            compiled = each.language.compiled and each.family.kind is Kind.SOURCE
            assert (each.details["compile_cmd"] is not None) == compiled

    @given(st.sampled_from(NAMES), st.sets(st.sampled_from(sorted(BY_ID))))
    def test_an_execution_of_another_client_has_an_id_of_its_language(
        self, name: str, among: set[int]
    ) -> None:
        found = id_of(name, among)
        fitting = {id for id in among if BY_ID[id].name == name and BY_ID[id].kind is Kind.SOURCE}
        assert (found in fitting) if fitting else (found is None)

    def test_that_id_is_the_newest(self) -> None:
        assert (id_of("python", BY_ID), id_of("cpp", BY_ID)) == (113, 105)
        assert id_of("python", {71, 92}) == 92

    def test_of_languages_that_judge0_never_had(self) -> None:
        assert offered([Language(name="zig", version="1", source_name="a", compiled=True)]) == {}
        assert id_of("zig", BY_ID) is None

    def test_no_archived_id_is_offered(self) -> None:
        assert not set(BY_ID) & set(ARCHIVED)
        assert sum(len(family.ids) for family in FAMILIES) == len(BY_ID)


class TestHost:
    def test_a_table_of_proc(self, tmp_path: Path) -> None:
        table = tmp_path / "meminfo"
        table.write_text("MemTotal:       10 kB\nno colon\nmodel name\t: A: B\n")
        assert health._table(table) == {
            "MemTotal": "10 kB",
            "no colon": "",
            "model name": "A: B",
        }
        assert health._table(tmp_path / "none") == {}

    def test_statistics_know_every_end(self) -> None:
        assert set(Outcome) - set(health._OF_OUTCOME) == {Outcome.CHECKER_ERROR}
        assert {State.FAILED, State.CANCELLED} < set(health._OF_STATE)
