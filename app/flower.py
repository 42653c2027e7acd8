"""`python -m app.flower OPTIONS...`: `celery -A tasks flower`, with the login from the settings.

Flower itself takes the login from the command line or environment, where other processes can read
it (proc_pid_environ(5)).
"""

import atexit
import gc
import sys
from typing import Final

from app import logs
from app.listening import CannotListen
from app.settings import Settings
from app.settings.folders import kept
from sandbox.private import set_umask

COLUMNS: Final = "name,uuid,execution,role,queue,state,received,runtime,worker"
MOST_TASKS: Final = 5_000
"""Each costs about 5.5 KiB of memory, beside the 70 MiB that Flower needs without any."""


def login(settings: Settings) -> str:
    """Return `user:password`, from the setting or `podline up`'s own file. Raises OSError."""
    secret = settings.flower_password
    password = secret.get_secret_value() if secret else kept(settings.data_dir, "flower-password")
    if not password:
        logs.exit_with("Flower needs a password: set PODLINE_FLOWER_PASSWORD")
    return f"{settings.flower_user}:{password}"


def main() -> None:
    set_umask()
    # Looking for reference cycles among all modules would make a stop 0.2 s longer.
    atexit.register(gc.freeze)
    import flower.command  # noqa: F401  # defines the options
    from tornado.options import options

    from app.infrastructure.celery.flower import install
    from app.infrastructure.celery.logs import watch_broker
    from app.wiring import make_publisher
    from app.wiring.starting import settings_or_exit

    install()

    settings = settings_or_exit("flower")
    logs.configure(settings.log_format, settings.log_level, "flower")
    options.logging = settings.log_level
    watch_broker()
    try:
        options.basic_auth = [login(settings)]
    except OSError as error:
        logs.exit_with(f"Flower's password can't be read: {error}")
    options.tasks_columns = COLUMNS
    options.max_tasks = MOST_TASKS
    options.enable_events = False  # workers send events anyway
    try:
        make_publisher(settings).start(["flower", *sys.argv[1:]])
    except CannotListen as error:
        logs.exit_with(f"Flower {error}")


if __name__ == "__main__":
    main()
