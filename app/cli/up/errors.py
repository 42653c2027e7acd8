"""Why `podline up` can't start."""

from app.domain.errors import PodlineError


class UpError(PodlineError):
    """The standalone can't start here; the message says what to do about it."""
