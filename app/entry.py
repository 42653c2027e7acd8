"""The command `podline`, before anything else is imported."""

import signal


def main() -> None:
    """Importing the command line takes a while, in which Ctrl-C must print no traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli import main as command_line

    command_line()
