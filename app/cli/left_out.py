"""What commands say of a file that was asked for, and is not kept."""

from podline import LeftOut


def described(left_out: LeftOut) -> str:
    """The reason, after the name if it is one file."""
    return f"{left_out.name}: {left_out.reason}" if left_out.name else left_out.reason
