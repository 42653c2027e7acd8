"""The entry point of a WSGI server: `gunicorn app.wsgi`.

Each worker process imports this module after the fork, so connections are never shared.
"""

from app import create_app
from app.settings import Settings
from app.wiring import make_ports

application = create_app(make_ports(Settings.load()))
