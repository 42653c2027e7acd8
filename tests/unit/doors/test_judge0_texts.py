"""Tokens, encodings and parameters of Judge0."""

import math
import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from app.api.doors.judge0 import parameters
from app.api.doors.judge0.encoding import NotText, decoded, encoded, read, written
from app.api.doors.judge0.parameters import NotANumber
from app.api.doors.judge0.program import as_attributes
from app.api.doors.judge0.tokens import execution_of, token_of
from app.domain.errors import FieldProblem

ULIDS = st.integers(0, 2**122 - 1).map(lambda value: str(ULID.from_int(value)))
"""Until the year 2109."""


class TestTokens:
    @given(ULIDS)
    def test_stand_for_one_execution_each(self, execution_id: str) -> None:
        token = token_of(execution_id)
        assert execution_of(token) == execution_id
        assert execution_of(token.upper()) == execution_id

    @given(ULIDS)
    def test_are_what_clients_check_for(self, execution_id: str) -> None:
        token = UUID(token_of(execution_id))
        assert (token.version, token.variant) == (4, "specified in RFC 4122")

    @given(st.one_of(st.text(), st.uuids(version=1).map(str), ULIDS))
    def test_other_texts_stand_for_none(self, text: str) -> None:
        assert execution_of(text) is None


class TestBase64:
    @given(st.binary())
    def test_what_is_written_can_be_read(self, content: bytes) -> None:
        assert decoded(encoded(content)) == content
        assert written(content, base64=True) == (encoded(content) if content else None)

    @given(st.binary(min_size=1), st.integers(1, 70))
    def test_is_read_with_line_breaks_and_without_padding(self, content: bytes, width: int) -> None:
        text = re.sub(f"(.{{{width}}})", r"\1\n", encoded(content))
        assert decoded(text) == content
        assert decoded(text.replace("=", "")) == content

    @given(st.text())
    def test_of_any_text_is_read(self, text: str) -> None:
        assert read(text, base64=True) == decoded(text)

    def test_is_read_as_ruby_reads_it(self) -> None:
        """As `"…".unpack1("m")` responds."""
        assert decoded("aG-_k$h") == b"hi!"
        assert decoded("YQ==Yg==") == b"a"
        assert decoded("YWJjZ") == b"abc"
        assert decoded("") == decoded("====") == b""


class TestPlainText:
    @given(st.text(min_size=1))
    def test_is_read_and_written_unchanged(self, text: str) -> None:
        assert written(read(text, base64=False), base64=False) == text

    def test_half_a_surrogate_pair_is_no_error(self) -> None:
        assert read("a\ud800b", base64=False) == b"a?b"

    def test_nothing_is_null(self) -> None:
        assert written(b"", base64=False) is written(None, base64=True) is None

    def test_other_bytes_are_refused(self) -> None:
        with pytest.raises(NotText):
            written(b"\xff", base64=False)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each, max_size=2) | st.dictionaries(st.text(), each, max_size=2),
    max_leaves=4,
)


class TestParameters:
    @given(ANYTHING)
    def test_any_value_is_read(self, value: object) -> None:
        sent = {"x": value}
        assert isinstance(parameters.text(sent, "x"), str | None)
        assert parameters.flag(sent, "x") in (None, True, False)
        try:
            number = parameters.number(sent, "x")
        except NotANumber:
            return
        assert number is None or math.isfinite(number)

    @pytest.mark.parametrize("value", ["71", 71, 71.0, " 71 "])
    def test_a_number_may_be_a_text(self, value: object) -> None:
        assert parameters.number({"x": value}, "x") == 71

    @pytest.mark.parametrize("value", ["seven", True, [1], {}, "nan", math.inf, "1e999", 10**400])
    def test_what_is_no_number(self, value: object) -> None:
        with pytest.raises(NotANumber):
            parameters.number({"x": value}, "x")

    @pytest.mark.parametrize("value", [None, ""])
    def test_nothing_is_no_value(self, value: object) -> None:
        assert parameters.number({"x": value}, "x") is parameters.flag({"x": value}, "x") is None

    @pytest.mark.parametrize("value", [False, 0, "0", "f", "F", "false", "FALSE", "off"])
    def test_what_is_false(self, value: object) -> None:
        assert parameters.flag({"x": value}, "x") is False

    @pytest.mark.parametrize("value", [True, 1, "1", "t", "true", "on", "yes"])
    def test_what_is_true(self, value: object) -> None:
        assert parameters.flag({"x": value}, "x") is True

    def test_of_a_form(self) -> None:
        assert parameters.of_form(b"language_id=71&source_code=print(1)%0A&stdin=") == {
            "language_id": "71",
            "source_code": "print(1)\n",
            "stdin": "",
        }
        with pytest.raises(ValueError, match="fields"):
            parameters.of_form(b"a=1&" * 2_000)


def test_problems_of_our_own_rules_name_attributes() -> None:
    found = [
        FieldProblem("/files/0/content", "a"),
        FieldProblem("/limits/stack_mib", "b"),
        FieldProblem("/args/3", "c"),
        FieldProblem("/callback_url", "d"),
        FieldProblem("", "e"),
    ]
    assert as_attributes(found, {}).found == {
        "source_code": ["a", "e"],
        "stack_limit": ["b"],
        "command_line_arguments": ["c"],
        "callback_url": ["d"],
    }
    assert "additional_files" in as_attributes(found, {"additional_files": "UEs="}).found
