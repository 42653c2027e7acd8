"""Sessions of browsers."""

from dataclasses import dataclass

from app.domain.execution import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a session cookie, or a sign-in token, stands for."""

    secret_hash: str
    """Of the API key, whose rights the session has for as long as the key exists."""
    csrf_token: str
    """Sent with every request that changes something; other sites can't know it."""
    expires_at: Time
    for_sign_in: bool = False
    """Whether it is a sign-in token, which begins a session and then is gone."""
