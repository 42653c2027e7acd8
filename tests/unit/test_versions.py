"""Which version of a language runs what was accepted for another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.versions import fits, release, stands_for
from sandbox.languages.versions import standing_for

versions = st.lists(st.integers(0, 12).map(str), min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("version", "offered", "runs_it"),
    [
        ("3.11.7", ["3.11.2", "3.11.7", "3.11.9"], "3.11.7"),
        ("3.11", ["3.9.2", "3.11.2", "3.11.10", "3.12.1"], "3.11.10"),
        ("20", ["18.19.0", "20.1.0"], "20.1.0"),
        ("3.11.2", ["3.11"], "3.11"),
        ("3.11.2", ["3.11.4", "3.12.4"], "3.11.4"),
        ("17.0.9", ["17.0.10", "21.0.1"], "17.0.10"),
        ("3.11.2", ["3.12.2"], None),
        ("3.11", ["3.12"], None),
        ("3.1", ["3.11"], None),
        ("12.2", ["12.3"], None),
        ("18.19.0", ["18.20.0"], None),
        ("3.11.2", [], None),
    ],
)
def test_what_stands_for_a_version(version: str, offered: list[str], runs_it: str | None) -> None:
    assert standing_for(version, offered) == runs_it
    assert standing_for(version, reversed(offered)) == runs_it


@given(version=versions, offered=st.lists(versions, max_size=5))
def test_an_offered_version_stands_for_itself_and_nothing_else_is_ever_named(
    version: str, offered: list[str]
) -> None:
    assert standing_for(version, [*offered, version]) == version
    assert standing_for(version, offered) in [None, *offered]


@given(version=versions, offered=versions)
def test_hosts_are_chosen_by_the_rule_of_their_daemons(version: str, offered: str) -> None:
    assert stands_for(offered, version) == (standing_for(version, [offered]) == offered)


@given(version=versions, more=versions)
def test_a_version_fits_each_of_its_beginnings(version: str, more: str) -> None:
    assert fits(f"{version}.{more}", version)
    assert not fits(f"{version}{more}", version)
    assert release(f"{version}.{more}") > release(version)
