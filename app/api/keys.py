"""/api/v1/keys: the API keys."""

from dataclasses import asdict

from app.api import operator_schemas, representation
from app.api.audit import note
from app.api.context import Call
from app.api.operations import Answer, Section
from app.api.operator_requests import ChangedLimits, NewKey
from app.domain.api_key import Role
from app.service import keys as service

keys = Section("Keys", "/api/v1/keys", Role.ADMIN)


@keys.operation("GET", "", {200: operator_schemas.KeyList})
def list_(call: Call) -> operator_schemas.KeyList:
    """All keys, without their secrets."""
    found = service.all_keys(call.ports.store.keys)
    return operator_schemas.KeyList(items=[representation.key(key) for key in found])


@keys.operation("POST", "", {201: operator_schemas.CreatedKey})
def create(call: Call, body: NewKey) -> Answer:
    """Create a key. The response is the only one that shows it."""
    key, secret = service.create(
        call.ports.store.keys, call.ports.clock, body.name, body.role, body.limits(), body.door
    )
    note({"key_id": key.id, "name": key.name, "role": key.role, "door": key.door})
    signs = call.ports.callback_secrets
    shown = operator_schemas.CreatedKey(
        **dict(representation.key(key)),
        key=secret,
        callback_secret=signs.of(key.id, key.callback_generation) if signs else None,
    )
    return Answer(shown, 201)


@keys.operation("PATCH", "/{key_id}", {200: operator_schemas.Key}, errors=(404,))
def change(call: Call, key_id: str, body: ChangedLimits) -> operator_schemas.Key:
    """Change limits of a key. Those that are left out stay as they are."""
    key = service.limit(call.ports.store.keys, key_id, body.over)
    note({"name": key.name, **asdict(key.limits)})
    return representation.key(key)


@keys.operation(
    "POST", "/{key_id}/rotate-secret", {200: operator_schemas.RotatedSecret}, errors=(404, 409)
)
def rotate_secret(call: Call, key_id: str) -> operator_schemas.RotatedSecret:
    """Replace the secret that signs the key's callbacks. For 24 hours, the previous one signs too.

    The key itself stays the same.
    """
    secret, until = service.rotate_callback_secret(
        call.ports.store.keys, call.ports.clock, call.ports.callback_secrets, key_id
    )
    shown = representation.moment(until)
    return operator_schemas.RotatedSecret(callback_secret=secret, previous_valid_until=shown)


@keys.operation("DELETE", "/{key_id}", {204: None}, errors=(404, 409))
def delete(call: Call, key_id: str) -> Answer:
    """Delete a key, so that it is no longer valid. What was submitted with it stays."""
    service.delete(call.ports.store.keys, key_id, call.caller, call.ports.first_key_hash)
    return Answer(None, 204)
