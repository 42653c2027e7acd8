"""The API as a WSGI application, as configured by the settings. app.server serves it.

Importing this connects to nothing, so that a process can be forked afterwards.
"""

import logging
from dataclasses import replace

from app import create_app, first_key, logs
from app.domain.errors import IsNewer
from app.service.keys import hash_of
from app.service.upgrade import upgrade
from app.wiring import make_ports, make_publisher
from app.wiring.doors import door_options
from app.wiring.starting import exit_if_wrong, keep_private_or_exit, settings_or_exit
from sandbox.private import set_umask

set_umask()
_settings = settings_or_exit("api")
logs.configure(_settings.log_format, _settings.log_level, "api")
keep_private_or_exit(_settings)
with exit_if_wrong("api"):
    _key = first_key.secret(_settings)
    _ports = replace(
        make_ports(_settings, make_publisher(_settings)), first_key_hash=_key and hash_of(_key)
    )
_doors = door_options(_settings)
if _doors.keyless:
    logging.getLogger(__name__).warning(
        "these doors serve requests without a key: %s", ", ".join(sorted(_doors.keyless))
    )
application = create_app(_ports, _doors)


def begin() -> None:
    """Bring stored data up to date, and make the first key valid, before requests are served.

    Raises SystemExit if a newer release wrote the data.
    """
    try:
        upgrade(_ports)
    except IsNewer as error:
        logs.exit_with(str(error))
    if _key:
        first_key.make_valid(_ports.store, _ports.clock, _key)
