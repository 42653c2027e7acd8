"""Output is split only between characters."""

from hypothesis import given
from hypothesis import strategies as st

from app.service.utf8 import whole_characters


@given(st.text(), st.integers(0))
def test_the_whole_part_of_any_cut_of_a_text_is_text(text: str, cut: int) -> None:
    content = text.encode()[:cut]
    whole = whole_characters(content)
    assert text.startswith(content[:whole].decode())
    assert len(content) - whole < 4


@given(st.binary())
def test_at_most_the_beginning_of_one_character_is_held_back(content: bytes) -> None:
    held = content[whole_characters(content) :]
    assert len(held) < 4
    assert not held or held[0] >= 0xC0
