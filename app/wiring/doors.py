"""What the settings say about doors."""

from app.api.doors.options import DoorOptions
from app.domain.api_key import ApiKey, Role
from app.settings import Settings

KEYLESS_ID = "keyless"
"""Stands in for the id of a key."""


def door_options(settings: Settings) -> DoorOptions:
    keyless = settings.keyless_doors()
    return DoorOptions(
        open=frozenset(settings.open_doors()),
        keyless=frozenset(keyless),
        nobody=_nobody(settings) if keyless else None,
        piston_strict_versions=settings.piston_strict_versions,
        judge0_implicit_base64=settings.judge0_implicit_base64,
    )


def _nobody(settings: Settings) -> ApiKey:
    given = settings.keyless
    return ApiKey(
        id=KEYLESS_ID,
        name=given.owner,
        role=Role.USER,
        secret_hash="",
        created_at=0,
        max_unfinished=given.max_unfinished,
        requests=given.requests,
        cpu_day=given.cpu_day,
    )
