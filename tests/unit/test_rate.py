"""Rates of requests, as people write them."""

import pytest

from app.domain.rate import Rate, rate_of


@pytest.mark.parametrize(
    ("text", "requests", "seconds", "said"),
    [
        ("10/s", 10, 1, "10 requests per second"),
        ("1/m", 1, 60, "1 request per minute"),
        ("1000/h", 1000, 3600, "1000 requests per hour"),
        ("5/d", 5, 86400, "5 requests per day"),
    ],
)
def test_a_rate(text: str, requests: int, seconds: int, said: str) -> None:
    rate = rate_of(text)
    assert (rate.requests, rate.seconds, str(rate)) == (requests, seconds, said)
    assert rate == Rate(requests, text[-1])


@pytest.mark.parametrize(
    "text", ["", "10", "10/", "/s", "0/s", "-1/s", "1.5/s", "10/w", "10 / s", "10/s\n", "1e3/s",
             "١/s", "9999999999/s"],
)  # fmt: skip
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="such as 10/s"):
        rate_of(text)
