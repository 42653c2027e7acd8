"""One run: a load, faults meanwhile, and the count."""

import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import podline
from app.domain.callback import CallbackState
from app.domain.dead_letter import CLOSED
from app.domain.execution import Execution, State
from app.ports import Blobs, EventLog, Store
from podline import Client, Role
from tests.chaos.collecting import Sources, collect, every_letter, every_row, shown_usage
from tests.chaos.counting import PROMISES, Off, count
from tests.chaos.found import Accepted, Everything
from tests.chaos.history import history, lines_about
from tests.chaos.leftovers import Left, beyond, merged, of_machine, of_store
from tests.chaos.load import Load, owner_name
from tests.chaos.plan import OWNERS, Fault, Plan
from tests.chaos.shop import Shop

IN_FLIGHT: Final = 24
"""Clients, each of which has one program or batch at a time."""
PATIENCE: Final = 300.0
"""Seconds after which a client does not wait any longer. The count then says what is wrong."""
SETTLE_SECONDS: Final = 300.0
"""For all that happens after the ends: callbacks, events, usage, cleaning up."""
MAX_ATTEMPTS: Final = 3
_LOOK_SECONDS: Final = 1.0


class Place(Protocol):
    """A service that runs, with all that is needed to break it and to look into it."""

    @property
    def shop(self) -> Shop: ...

    @property
    def url(self) -> str:
        """For the clients of the load."""

    @property
    def admin(self) -> Client: ...

    @property
    def store(self) -> Store: ...

    @property
    def blobs(self) -> Blobs: ...

    def blob_names(self, id: str) -> Sequence[str]: ...

    @property
    def event_log(self) -> EventLog: ...

    def inject(self, name: str, choice: int) -> AbstractContextManager[object]:
        """Cause a fault, for as long as the context lasts or once."""

    def wait_until_whole(self) -> None:
        """Wait until everything runs again."""

    def left(self) -> Left: ...

    def logs(self) -> Sequence[Path]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run."""

    plan: Plan
    everything: Everything
    faults: Counter[str]
    """Those that were injected, by name."""
    off: Sequence[Off]
    load_seconds: float
    settle_seconds: float
    histories: Sequence[str]


def run(
    place: Place,
    plan: Plan,
    seconds: float,
    *,
    in_flight: int = IN_FLIGHT,
    say: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
) -> Report:
    """Run a plan in a place that is up. After so many seconds, nothing more is submitted."""
    mark = secrets.token_hex(8)
    clients, signing = _owners(place)
    before = place.left()
    load = Load(plan, clients, place.shop.url, mark, in_flight=in_flight, patience=PATIENCE)
    began = time.monotonic()
    faults: Counter[str] = Counter()
    load.start()
    try:
        for fault in plan.faults:
            if not load.wait_for(fault.after, began + seconds - time.monotonic()):
                break
            say(f"{time.monotonic() - began:6.1f} s, {len(load.accepted)} accepted: {named(fault)}")
            _inject(place, fault)
            faults.update(filter(None, (fault.name, fault.meanwhile)))
        load.wait_for(plan.executions, began + seconds - time.monotonic())
    finally:
        load.stop()
    load.join()
    ended = time.monotonic()
    say(f"{ended - began:6.1f} s: {len(load.accepted)} accepted; waiting until all has settled")
    place.wait_until_whole()
    left = _settled(place, before, mark)
    everything = collect(
        Sources(
            store=place.store,
            event_log=place.event_log,
            blobs=place.blobs,
            blob_names=place.blob_names,
            show=lambda accepted: _show(clients, accepted),
            shown_usage=lambda: shown_usage(place.admin),
        ),
        load.accepted,
        place.shop.sent(signing),
        left,
        load.refused,
    )
    off = count(everything, MAX_ATTEMPTS)
    settled = time.monotonic() - ended
    return Report(
        plan, everything, faults, off, ended - began, settled, _histories(place, everything, off)
    )


def named(fault: Fault) -> str:
    lasts = f" for {fault.seconds} s" if fault.seconds else ""
    return fault.name + lasts + (f", and {fault.meanwhile}" if fault.meanwhile else "")


def _inject(place: Place, fault: Fault) -> None:
    with place.inject(fault.name, fault.choice):
        if fault.meanwhile is not None:
            with place.inject(fault.meanwhile, fault.choice):
                pass
        time.sleep(fault.seconds)  # not to wait for anything: this is the fault


def _owners(place: Place) -> tuple[list[Client], dict[str, str]]:
    """A client for each owner, and the secrets that sign their callbacks.

    Only operators may choose the urgent priorities.
    """
    clients, signing = [], {}
    with place.admin as admin:
        for number in range(OWNERS):
            key = admin.keys.create(owner_name(number), role=Role.OPERATOR)
            clients.append(Client(place.url, key.key))
            signing[owner_name(number)] = key.callback_secret or ""
    return clients, signing


def _show(clients: Sequence[Client], accepted: Accepted) -> tuple[podline.Execution, bytes | None]:
    client = clients[int(accepted.owner.rpartition("-")[2])]
    shown = client.get(accepted.id)
    has_stdout = shown.result is not None and shown.result.tests is None
    return shown, client.stdout(accepted.id) if has_stdout else None


def _settled(place: Place, before: Left, mark: str) -> dict[str, list[str]]:
    """Wait until nothing is left and nothing more is to happen. Return what is left in the end."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        left = beyond(merged(place.left(), of_machine(mark), _of_store(place)), before)
        if not left or time.monotonic() > until:
            return left
        time.sleep(_LOOK_SECONDS)


def _of_store(place: Place) -> Left:
    owners = [owner_name(number) for number in range(OWNERS)]
    rows = {row.id for row in every_row(place.store) if not _is_settled(row)}
    letters = {each.id for each in every_letter(place.store) if each.status not in CLOSED}
    unsettled: Left = {"rows": rows, "open dead letters": letters}
    return merged(of_store(place.store, owners), unsettled)


def _is_settled(row: Execution) -> bool:
    delivered = row.callback is None or row.callback.state is CallbackState.DELIVERED
    return row.state.terminal and row.next_action_at is None and delivered


def _histories(place: Place, everything: Everything, off: Sequence[Off]) -> list[str]:
    ids = dict.fromkeys(each.about for each in off if each.about in everything.executions)
    return [history(everything.executions[id], lines_about(id, place.logs())) for id in ids if id]


def table(report: Report) -> str:
    """The figures of a run, and how many of each promise are off."""
    rows = [found.row for found in report.everything.executions.values() if found.row]
    states = Counter(row.state for row in rows)
    found = report.everything.executions.values()
    figures = {
        "seed": report.plan.seed,
        "accepted": sum(each.accepted is not None for each in found),
        **{str(state): states[state] for state in State if states[state]},
        "retries of failed ones": sum(row.retry_of is not None for row in rows),
        "more than one attempt": sum(row.attempt > 1 for row in rows),
        "callbacks": sum(row.callback is not None for row in rows),
        "callbacks received": sum(len(each.callbacks) for each in found),
        "events": sum(len(each.events) for each in found),
        "faults": sum(report.faults.values()),
        "seconds of load": round(report.load_seconds),
        "seconds until settled and counted": round(report.settle_seconds),
    }
    counted = Counter(each.promise for each in report.off)
    return "\n".join(
        [f"{name}: {figure}" for name, figure in figures.items()]
        + [f"  {name}: {number}" for name, number in sorted(report.faults.items())]
        + ["off:"]
        + [f"  {promise}: {counted[promise]}" for promise in PROMISES]
    )
