"""For `gunicorn --logger-class app.gunicorn_log.Logger`: what gunicorn says, in our log's form."""

from typing import Any

from gunicorn import glogging

from app import logs
from app.settings import Settings


class Logger(glogging.Logger):  # type: ignore[misc]  # it has no types
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        settings = Settings.load()
        logs.configure(settings.log_format, settings.log_level)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
