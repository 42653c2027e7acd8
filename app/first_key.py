"""The first admin key, with which an operator creates all others."""

import logging
import threading
from typing import Final

from app.domain.api_key import Role
from app.domain.errors import StoreUnavailable
from app.ports import Clock, Store
from app.service.audit import done_here
from app.service.keys import authenticate, enrol
from app.settings import Settings
from app.settings.folders import kept

OWNER: Final = "admin"
_RETRY_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


def secret(settings: Settings) -> str | None:
    """Return the setting, or the key in `podline up`'s file, which others can't read."""
    if settings.admin_key:
        return settings.admin_key.get_secret_value()
    return kept(settings.data_dir, "key")


def make_valid(store: Store, clock: Clock, secret: str) -> None:
    """Make the key valid, at once or in the background once the database is available."""
    if not _enrol(store, clock, secret):
        threading.Thread(
            target=_enrol_when_possible, args=(store, clock, secret), name="first key", daemon=True
        ).start()


def _enrol_when_possible(store: Store, clock: Clock, secret: str) -> None:
    pause = threading.Event()
    while not _enrol(store, clock, secret):
        pause.wait(_RETRY_SECONDS)


def _enrol(store: Store, clock: Clock, secret: str) -> bool:
    """Store the key. Returns False while the database is unavailable.

    Of API processes that start together, one stores it.
    """
    try:
        if authenticate(store.keys, secret) is None and (
            key := enrol(store.keys, clock, secret, OWNER, Role.ADMIN)
        ):
            facts = {"key_id": key.id, "name": key.name, "role": key.role}
            done_here(store.audit, clock, "first key", facts)
    except StoreUnavailable as error:
        log.warning("the first key is not valid yet: %s", error)
        return False
    return True
