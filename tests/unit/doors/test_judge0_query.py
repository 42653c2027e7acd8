"""What a query of Judge0 asks for, and lists: their pages, and how they are written."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.doors.judge0 import query, showing
from app.api.doors.judge0.answers import Refused, streamed
from app.api.doors.judge0.batch_sizes import check_count
from app.api.doors.judge0.submission import DEFAULT, FIELDS
from app.domain.batch import MAX_ITEMS
from app.domain.execution import Execution
from tests.support.builders import an_execution
from tests.support.cpu import least_cpu_seconds
from tests.unit.doors.test_judge0_texts import ANYTHING

TEXTS = st.none() | st.sampled_from(["true", "false", "True", "1", "", " true"]) | st.text()


class TestEncoding:
    @given(TEXTS)
    def test_is_base64_only_if_the_client_says_exactly_so(self, text: str | None) -> None:
        assert query.base64({"base64_encoded": text}, implicit=False) == (text == "true")

    @given(TEXTS)
    def test_is_base64_unless_the_client_says_exactly_not(self, text: str | None) -> None:
        assert query.base64({"base64_encoded": text}, implicit=True) == (text != "false")

    def test_is_said_by_a_boolean_of_json(self) -> None:
        assert query.base64({"base64_encoded": True}, implicit=False)
        assert not query.base64({"base64_encoded": False}, implicit=True)


class TestFields:
    @given(st.lists(st.sampled_from(list(FIELDS)), min_size=1), st.sampled_from([",", " , ", ",,"]))
    def test_are_shown_in_their_order_and_once(self, names: list[str], comma: str) -> None:
        assert query.fields({"fields": comma.join(names)}) == list(dict.fromkeys(names))

    @pytest.mark.parametrize("sent", [None, "", ",", " ", [], {}])
    def test_none_are_the_default(self, sent: object) -> None:
        assert query.fields({"fields": sent}) == list(DEFAULT)

    def test_all(self) -> None:
        assert query.fields({"fields": "*"}) == query.fields({"fields": " * "}) == list(FIELDS)

    def test_a_list_of_megabytes_is_not_split(self) -> None:
        sent = {"fields": ",a" * 2_000_000}

        def refuse() -> None:
            with pytest.raises(Refused, match="more than 10000 characters"):
                query.fields(sent)

        assert least_cpu_seconds(refuse, times=3, enough=0.05) < 0.05
        assert query.fields({"fields": f"stdout,{' ' * 9_000}stderr"}) == ["stdout", "stderr"]

    @given(st.lists(st.text("abc*_", min_size=1), min_size=1).filter(lambda names: names != ["*"]))
    def test_unknown_ones_are_named(self, names: list[str]) -> None:
        with pytest.raises(Refused) as error:
            query.fields({"fields": ",".join(["status", *names])})
        assert error.value.description == f"invalid fields: [{', '.join(names[:20])}]"


class TestPage:
    @given(ANYTHING, ANYTHING)
    def test_any_is_bounded_or_refused(self, number: object, size: object) -> None:
        try:
            found = query.page({"page": number, "per_page": size})
        except Refused:
            return
        assert found[0] >= 1
        assert 0 <= found[1] <= query.MOST_PER_PAGE

    @pytest.mark.parametrize(
        ("sent", "page"),
        [
            ({}, (1, 20)),
            ({"page": "3", "per_page": "7"}, (3, 7)),
            ({"page": 2.9, "per_page": 101}, (2, 100)),
            ({"page": None, "per_page": ""}, (1, 20)),
        ],
    )
    def test_numbers_may_be_texts(self, sent: dict[str, Any], page: tuple[int, int]) -> None:
        assert query.page(sent) == page


@cache
def rows(count: int) -> Sequence[Execution]:
    """Newest first."""
    row = an_execution()
    return [replace(row, id=f"{number:026d}") for number in reversed(range(count))]


def pages(total: int, size: int, *, step: int) -> list[list[str]]:
    """All pages, by following `next_page`, of a store that returns at most `step` rows at once."""

    def newest(after: str | None, limit: int) -> Sequence[Execution]:
        assert 0 < limit <= max(step, size)
        return [row for row in rows(total) if after is None or row.id < after][:limit]

    found, number = [], 1
    while number:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(showing, "_STEP", step)
            page = showing._page(newest, (number - 1) * size, size)
        found.append([row.id for row in page])
        meta = showing._meta(number, size, total)
        assert (meta["current_page"], meta["total_count"]) == (number, total)
        assert meta["prev_page"] == (number - 1 or None)
        number = meta["next_page"] or 0
    return found


class TestPages:
    @given(total=st.integers(0, 40), size=st.integers(1, 15), step=st.integers(1, 50))
    def test_are_the_whole_list_in_order(self, total: int, size: int, step: int) -> None:
        found = pages(total, size, step=step)
        assert [id for page in found for id in page] == [row.id for row in rows(total)]
        assert all(len(page) == size for page in found[:-1])
        assert len(found) == max(1, -(-total // size))

    @given(number=st.integers(1, 10**9), size=st.integers(0, 100), total=st.integers(0, 10_000))
    def test_never_lead_outside_the_list(self, number: int, size: int, total: int) -> None:
        meta = showing._meta(number, size, total)
        for each in (meta["next_page"], meta["prev_page"]):
            assert each is None or 1 <= each <= (meta["total_pages"] or 0)

    def test_beyond_the_end_are_empty(self) -> None:
        assert showing._page(lambda *_: (), 1_000, 20) == ()


@given(st.integers(-1, MAX_ITEMS * 2))
def test_how_many_a_batch_can_have(count: int) -> None:
    if 0 < count <= MAX_ITEMS:
        check_count(count)
    elif count >= 0:
        with pytest.raises(Refused, match="at least one" if count == 0 else "less than or equal"):
            check_count(count)


ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=5,
)


@given(st.lists(ITEMS, max_size=5), st.dictionaries(st.text("abc", min_size=1), ITEMS, max_size=2))
def test_a_list_in_pieces_is_one_object(items: list[object], rest: dict[str, Any]) -> None:
    found = b"".join(streamed("submissions", iter(items), **rest).response)  # type: ignore[arg-type]  # bytes
    assert json.loads(found) == rest | {"submissions": items}
