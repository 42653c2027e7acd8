"""The error of a `podline up` that can't start."""

from app.domain.errors import PodlineError


class UpError(PodlineError):
    """`podline up` can't start here. The message says what to do about it."""


class GivenUp(PodlineError):
    """A child says that everything has to end."""
