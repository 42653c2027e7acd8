"""The secrets of callbacks, and their signatures."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from app.domain.callback_secret import OVERLAP_SECONDS, CallbackSecrets, signature
from app.domain.execution import SECOND
from podline import InvalidSignature, ProtocolError, verify_callback
from tests.support.builders import NOW, a_key

SECRETS = CallbackSecrets("the service's own secret")


def test_a_secret_belongs_to_a_key_and_a_generation() -> None:
    secret = SECRETS.of("01J", 1)
    assert secret.startswith("pcs_")
    assert len(secret) == 47
    assert SECRETS.of("01J", 1) == secret
    others = [SECRETS.of("01J", 2), SECRETS.of("01K", 1), CallbackSecrets("other").of("01J", 1)]
    assert len({secret, *others}) == 4


def test_ids_and_generations_are_not_run_together() -> None:
    assert SECRETS.of("01J1", 1) != SECRETS.of("01J", 11)


def test_without_a_secret_of_its_own_the_service_signs_nothing() -> None:
    assert SECRETS
    assert not CallbackSecrets(None)


def test_the_previous_secret_signs_for_a_day_after_a_rotation() -> None:
    key = a_key()
    assert SECRETS.signing(key, NOW) == (SECRETS.of(key.id, 1),)
    rotated = replace(key, callback_generation=2, callback_rotated_at=NOW)
    both = (SECRETS.of(key.id, 2), SECRETS.of(key.id, 1))
    assert SECRETS.signing(rotated, NOW) == both
    end = NOW + OVERLAP_SECONDS * SECOND
    assert SECRETS.signing(rotated, end - 1) == both
    assert SECRETS.signing(rotated, end) == both[:1]


def test_what_the_service_s_previous_secret_gives_signs_too() -> None:
    key = a_key()
    old = CallbackSecrets("the secret before")
    both = CallbackSecrets("the service's own secret", previous="the secret before")
    assert both.of(key.id, 1) == SECRETS.of(key.id, 1)
    assert both.signing(key, NOW) == (SECRETS.of(key.id, 1), old.of(key.id, 1))


def test_receivers_are_told_their_new_secret_while_both_of_the_service_sign() -> None:
    """Each key is rotated to show its new secret. Whichever a receiver has, it finds."""
    key = replace(a_key(), callback_generation=2, callback_rotated_at=NOW)
    old = CallbackSecrets("the secret before")
    both = CallbackSecrets("the service's own secret", previous="the secret before")
    header = signature(both.signing(key, NOW), NOW, b"{}")
    for secret in (old.of(key.id, 1), both.of(key.id, 2)):
        with pytest.raises(ProtocolError):  # {} is no execution, which is found afterwards
            verify_callback(b"{}", header, secret, now=NOW / SECOND)


def test_a_signature_is_as_the_documentation_says() -> None:
    at = 1_767_322_445
    expected = hmac.new(b"pcs_x", b"1767322445.{}", hashlib.sha256).hexdigest()
    assert signature(["pcs_x"], at * SECOND + 999_999, b"{}") == f"t={at},v1={expected}"


class TestVerification:
    BODY = b"{}"

    def header(self, *secrets: str, body: bytes = BODY) -> str:
        return signature(secrets, NOW, body)

    def accepts(self, header: str | None, secret: str = "pcs_a", **options: float) -> bool:
        given = {"now": NOW / SECOND} | options
        # {} is no execution, which is found once the signature has been accepted.
        with pytest.raises((InvalidSignature, ProtocolError)) as raised:
            verify_callback(self.BODY, header, secret, **given)
        return raised.type is ProtocolError

    def test_accepts_what_the_secret_signed(self) -> None:
        assert self.accepts(self.header("pcs_a"))
        assert not self.accepts(self.header("pcs_b"))
        assert not self.accepts(self.header("pcs_a", body=b"{} "))

    def test_accepts_either_secret_during_a_rotation(self) -> None:
        header = self.header("pcs_new", "pcs_old")
        assert self.accepts(header, "pcs_new")
        assert self.accepts(header, "pcs_old")
        assert not self.accepts(header, "pcs_other")

    @pytest.mark.parametrize(("seconds", "accepted"), [(300, True), (301, False), (-301, False)])
    def test_bounds_the_age_in_both_directions(self, seconds: int, accepted: bool) -> None:
        assert self.accepts(self.header("pcs_a"), now=NOW // SECOND + seconds) is accepted
        assert self.accepts(self.header("pcs_a"), now=NOW // SECOND + seconds, tolerance=400)

    def test_the_time_is_signed_too(self) -> None:
        time, signed = self.header("pcs_a").split(",")
        later = f"t={int(time[2:]) + 1}"
        assert not self.accepts(f"{later},{signed}")

    @pytest.mark.parametrize(
        "header",
        [None, "", "v1=00", "t=", "t=x,v1=00", "t=1", "t=1,v0=00", "t=-1,v1=00", "t=１,v1=0",
         "t=1,v1=é", "t=" + "9" * 5000, "t=1," + "v1=00," * 1000],
    )  # fmt: skip
    def test_refuses_a_malformed_header(self, header: str | None) -> None:
        assert not self.accepts(header)
