"""How a process of the service starts, or says in its last lines why it can't."""

from collections.abc import Iterator
from contextlib import contextmanager

from app import logs
from app.domain.errors import reason_of
from app.settings import Settings, SettingsError
from app.wiring.files import keep_private


def settings_or_exit(role: str) -> Settings:
    """The settings in force. If some are wrong, the process ends, with one line for each.

    `role` is what those lines say that the process does.
    """
    with exit_if_wrong(role):
        return Settings.load()


@contextmanager
def exit_if_wrong(role: str) -> Iterator[None]:
    """End the process at a SettingsError."""
    try:
        yield
    except SettingsError as error:
        logs.configure_early(role)
        logs.exit_with(*(f"wrong setting: {problem}" for problem in error.problems))


def keep_private_or_exit(settings: Settings) -> None:
    """Close what is kept on disk to others. If that fails, the process ends, with a line."""
    try:
        keep_private(settings)
    except OSError as error:
        logs.exit_with(reason_of(error, str(settings.data_dir)))
