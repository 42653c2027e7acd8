"""How outputs are shortened."""

from hypothesis import given
from hypothesis import strategies as st

from app.for_models import LONGEST, shortened


@given(st.text(max_size=100), st.integers(0, 3 * LONGEST // 100))
def test_what_is_kept(part: str, times: int) -> None:
    text = part * times
    short = shortened(text, False, "there")
    if len(text) <= LONGEST:
        assert short == text
    else:
        head, _, rest = short.partition("\n[")
        marker, _, tail = rest.partition("]\n")
        assert text.startswith(head.partition("\n[")[0])
        assert len(short) <= LONGEST + 100
        assert text.endswith(short[-LONGEST // 3 :])
        assert "there" in marker or "there" in tail


def test_the_end_of_a_beginning_is_not_shown_as_the_end() -> None:
    short = shortened("a" * LONGEST + "not the end", True, "there")
    assert short == "a" * LONGEST + "\n[cut here; all of it: there]"
    assert shortened("short", True, "there") == "short\n[cut here; all of it: there]"
