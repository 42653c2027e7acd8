"""The entry point of `podline`, which runs before anything else is imported."""

import atexit
import gc
import signal


def main() -> None:
    """Run the command line. Ctrl-C during its slow import must not print a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Nothing that an exit would find in reference cycles is worth 50 ms.
    atexit.register(gc.freeze)
    from app.cli import main as command_line

    command_line()
