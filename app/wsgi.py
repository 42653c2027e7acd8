"""The API as a WSGI application, made of the settings: what app.server serves.

Imported once in each process that serves it, so connections are never shared.
"""

from app import create_app, first_key, logs
from app.settings import Settings
from app.wiring import make_ports

_settings = Settings.load()
logs.configure(_settings.log_format, _settings.log_level)
_ports = make_ports(_settings)
if _settings.admin_key:
    first_key.make_valid(_ports, _settings.admin_key.get_secret_value())
application = create_app(_ports)
