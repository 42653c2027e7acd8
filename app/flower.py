"""`python -m app.flower OPTIONS...`: `celery -A tasks flower`, with the login from the settings.

Flower itself takes the login from the command line or environment, where other processes can read
it (proc_pid_environ(5)).
"""

import atexit
import gc
import sys

from app import logs
from app.settings import Settings
from app.settings.folders import kept
from sandbox.private import set_umask


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

    from app.infrastructure.celery.logs import watch_broker
    from app.wiring import make_publisher

    settings = Settings.load()
    logs.configure(settings.log_format, settings.log_level, "flower")
    options.logging = settings.log_level
    watch_broker()
    options.basic_auth = [login(settings)]
    make_publisher(settings).start(["flower", *sys.argv[1:]])


if __name__ == "__main__":
    main()
