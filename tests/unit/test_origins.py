"""The setting `cors_origins`."""

import pytest

from app.domain.origins import origins


def test_a_list() -> None:
    assert origins("") == frozenset()
    assert origins(" https://a.example.org , http://localhost:3000,*,http://[::1]:80 ") == {
        "https://a.example.org",
        "http://localhost:3000",
        "*",
        "http://[::1]:80",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        *("quiz.example.org", "https://a.org/", "https://A.org", "ftp://a.org", "https://*.a.org"),
        *("https://a.org:x", "null", "https://user@a.org", "https://"),
    ],
)
def test_what_is_no_origin(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not an origin such as https://"):
        origins(f"https://a.example.org,{wrong}")
