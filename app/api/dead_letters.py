"""/api/v1/dead-letters: the dead letters."""

from app.api import operator_schemas, representation
from app.api.audit import note
from app.api.context import Call
from app.api.operations import Answer, Section
from app.api.operator_requests import DeadLetterQuery, DeadLetterSelection
from app.api.pages import page
from app.domain.api_key import Role
from app.service import dead_letter_retries as retries
from app.service import dead_letters as service
from app.service.dead_letter_bulk import LetterAction, LettersDone, letters_in_bulk

dead_letters = Section("Operators", "/api/v1/dead-letters", Role.OPERATOR)


@dead_letters.operation("GET", "", {200: operator_schemas.DeadLetterPage})
def list_(call: Call, query: DeadLetterQuery) -> operator_schemas.DeadLetterPage:
    """Dead letters, in descending order of their ids."""
    letters = call.ports.store.dead_letters
    found = service.page(letters, query.status, query.kind, query.cursor, query.limit + 1)
    items, next_cursor = page(found, query.limit)
    return operator_schemas.DeadLetterPage(
        items=[representation.dead_letter(letter) for letter in items], next_cursor=next_cursor
    )


@dead_letters.operation("POST", "/retry", {202: operator_schemas.Retried})
def retry_selected(call: Call, body: DeadLetterSelection) -> Answer:
    """Retry the dead letters of a status and kind, up to a limit. Repeat it while any remain."""
    result = _in_bulk(call, LetterAction.RETRY, body)
    shown = operator_schemas.Retried(
        retried=result.done, skipped=result.skipped, remaining=result.remaining
    )
    return Answer(shown, 202)


@dead_letters.operation("POST", "/discard", {200: operator_schemas.Discarded})
def discard_selected(call: Call, body: DeadLetterSelection) -> operator_schemas.Discarded:
    """Discard the dead letters of a status and kind, up to a limit. Repeat it while any remain."""
    result = _in_bulk(call, LetterAction.DISCARD, body)
    return operator_schemas.Discarded(discarded=result.done, remaining=result.remaining)


def _in_bulk(call: Call, action: LetterAction, body: DeadLetterSelection) -> LettersDone:
    done = letters_in_bulk(call.ports, action, body.to_domain(), body.limit, dry_run=body.dry_run)
    chosen = body.to_domain()
    note({"status": chosen.status, "kind": chosen.kind, "dry_run": body.dry_run, "done": done.done})
    return done


@dead_letters.operation("GET", "/{letter_id}", {200: operator_schemas.DeadLetter}, errors=(404,))
def get(call: Call, letter_id: str) -> operator_schemas.DeadLetter:
    """One dead letter."""
    return representation.dead_letter(service.get(call.ports.store.dead_letters, letter_id))


@dead_letters.operation(
    "POST", "/{letter_id}/retry", {202: operator_schemas.DeadLetter}, errors=(404, 409)
)
def retry(call: Call, letter_id: str) -> Answer:
    """Retry it now. An exhausted execution runs again as a new one."""
    return Answer(representation.dead_letter(retries.retry_letter(call.ports, letter_id)), 202)


@dead_letters.operation(
    "POST", "/{letter_id}/discard", {200: operator_schemas.DeadLetter}, errors=(404, 409)
)
def discard(call: Call, letter_id: str) -> operator_schemas.DeadLetter:
    """Discard it, so that it is never retried."""
    discarded = retries.discard(call.ports.store.dead_letters, letter_id)
    return representation.dead_letter(discarded)
