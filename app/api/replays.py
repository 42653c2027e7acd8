"""/api/v1/replays: replays of the event log."""

from app.api import operator_schemas, representation
from app.api.audit import note
from app.api.context import Call
from app.api.operations import Answer, Section
from app.api.operator_requests import NewReplay, ReplayQuery
from app.api.pages import page
from app.api.validation import Read
from app.domain.api_key import Role
from app.service.replay import control as service

replays = Section("Operators", "/api/v1/replays", Role.OPERATOR)


@replays.operation("POST", "", {202: operator_schemas.Replay}, sends={202: ("Location",)})
def start(call: Call, body: Read[NewReplay]) -> Answer:
    """Deliver events again, rebuild rows from them, or submit executions again."""
    replay = service.start(
        call.ports,
        body.value.mode,
        body.value.to_domain(),
        body.value.target,
        dry_run=body.value.dry_run,
        requested_by=call.caller.name,
        problems=body.problems,
    )
    note({"replay_id": replay.id, "mode": replay.mode, "dry_run": replay.dry_run})
    headers = {"Location": f"/api/v1/replays/{replay.id}"}
    return Answer(representation.replay(replay), 202, headers)


@replays.operation("GET", "", {200: operator_schemas.ReplayPage})
def list_(call: Call, query: ReplayQuery) -> operator_schemas.ReplayPage:
    """Replays, newest first."""
    found = service.newest(call.ports.store.replays, query.cursor, query.limit + 1)
    items, next_cursor = page(found, query.limit)
    return operator_schemas.ReplayPage(
        items=[representation.replay(replay) for replay in items], next_cursor=next_cursor
    )


@replays.operation("GET", "/{replay_id}", {200: operator_schemas.Replay}, errors=(404,))
def get(call: Call, replay_id: str) -> operator_schemas.Replay:
    """One replay and its progress."""
    return representation.replay(service.get(call.ports.store.replays, replay_id))


@replays.operation("POST", "/{replay_id}/cancel", {202: operator_schemas.Replay}, errors=(404, 409))
def cancel(call: Call, replay_id: str) -> Answer:
    """Cancel it. What it has done stays done."""
    cancelled = service.cancel(call.ports.store.replays, call.ports.clock, replay_id)
    return Answer(representation.replay(cancelled), 202)
