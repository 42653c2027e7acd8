"""Records of the audit log: what is in them, how they reach the event log, and how they go."""

import pytest

from app.domain.api_key import ApiKey, Role
from app.domain.audit import UNENDED_SECONDS, Actor, AuditOutcome, AuditRecord, outcome_of
from app.domain.errors import StoreUnavailable
from app.domain.filters import EventFilter
from app.infrastructure.memory.audit import MemoryAuditLog
from app.infrastructure.memory.store import MemoryStore
from app.service import audit, relay, retention
from tests.support.builders import NOW
from tests.support.twins import Twins, make_twins

AN_ADMIN = ApiKey(id="k", name="root", role=Role.ADMIN, secret_hash="h", created_at=NOW)
BY_ADMIN = Actor(key=AN_ADMIN, address="192.0.2.1")


def begin(twins: Twins, **target: str) -> AuditRecord:
    ports = twins.ports
    return audit.begin(ports.store.audit, ports.clock, BY_ADMIN, "DELETE /x", target, "a-request")


def told(twins: Twins) -> list[tuple[str, object]]:
    """Version and outcome of what is in the event log."""
    relay.relay(twins.ports)
    page = twins.ports.event_log.read(EventFilter(), None, 100)
    return [(event.id.rpartition(".")[2], event.data["outcome"]) for event in page.events]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "succeeded"), (202, "succeeded"), (404, "refused"), (422, "refused"), (503, "failed")],
)
def test_the_status_is_the_outcome(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


def test_what_ended_is_told_to_the_event_log_once() -> None:
    twins = make_twins()
    store, clock = twins.ports.store, twins.ports.clock
    record = begin(twins)
    assert told(twins) == []
    audit.end(store.audit, clock, record, 204, {"name": "ada"})
    assert told(twins) == [("1", "succeeded")]
    assert told(twins) == [("1", "succeeded")]
    (stored,) = audit.page(store.audit, None, 10)
    assert (stored.outcome, stored.status) == (AuditOutcome.SUCCEEDED, 204)
    assert stored.target == {"name": "ada"}


def test_what_never_ended_is_told_as_begun_and_again_if_it_ends() -> None:
    twins = make_twins()
    record = begin(twins)
    twins.clock.advance(UNENDED_SECONDS)
    assert told(twins) == [("1", "begun")]
    audit.end(twins.ports.store.audit, twins.ports.clock, record, 200, {})
    assert told(twins) == [("1", "begun"), ("2", "succeeded")]


def test_texts_from_others_are_bounded_and_printable() -> None:
    record = begin(make_twins(), **{f"n{number}": "\x1b[2J" + "x" * 999 for number in range(99)})
    assert len(record.target) == 32
    assert all(len(str(text)) == 200 for text in record.target.values())
    assert "\x1b" not in str(record.target)
    assert record.key_id != "h"


def test_a_record_goes_when_it_is_old_and_in_the_event_log() -> None:
    twins = make_twins(audit_seconds=3600.0)
    record = begin(twins)
    audit.end(twins.ports.store.audit, twins.ports.clock, record, 200, {})
    twins.clock.advance(3601)
    retention.remove_old(twins.ports, pause=lambda _: None)
    assert audit.page(twins.ports.store.audit, None, 10), "the event log does not have it yet"
    relay.relay(twins.ports)
    retention.remove_old(twins.ports, pause=lambda _: None)
    assert not audit.page(twins.ports.store.audit, None, 10)


class FailsToEnd(MemoryAuditLog):
    def put(self, record: AuditRecord) -> None:
        if record.outcome is not AuditOutcome.BEGUN:
            raise StoreUnavailable("down")
        super().put(record)


def test_an_end_that_can_t_be_stored_leaves_it_as_begun() -> None:
    store = MemoryStore()
    store.audit = FailsToEnd()
    twins = make_twins(store=store)
    record = begin(twins)
    audit.end(store.audit, twins.ports.clock, record, 200, {})
    assert audit.page(store.audit, None, 10) == [record]
