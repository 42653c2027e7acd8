"""Which client may use which bay, and what becomes of it."""

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sandbox.daemon.reservations import DRAINING, GRANTED, Holder, Reservations


class Client:
    """Notes what it is sent."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.gone = False

    def __call__(self, what: object) -> None:
        if self.gone:
            raise BrokenPipeError
        self.sent.append(what)


def test_a_client_is_granted_every_free_bay() -> None:
    client = Client()
    with Reservations(3, lambda: 1).holder(client):
        assert client.sent == [GRANTED] * 2


def test_a_bay_that_is_given_back_is_granted_again_unless_it_is_busy() -> None:
    client, busy = Client(), [0]
    reservations = Reservations(1, lambda: busy[0])
    with reservations.holder(client) as holder:
        busy[0] = 1
        reservations.give_back(holder)
        assert client.sent == [GRANTED]
        busy[0] = 0
        reservations.grant()
        assert client.sent == [GRANTED] * 2


def test_what_a_client_held_is_free_when_it_is_gone() -> None:
    first, second = Client(), Client()
    reservations = Reservations(2, lambda: 0)
    with ExitStack() as stack:
        with reservations.holder(first):
            stack.enter_context(reservations.holder(second))
            assert (len(first.sent), len(second.sent)) == (2, 0)
        assert len(second.sent) == 2


def test_nothing_is_granted_while_it_drains() -> None:
    first, late = Client(), Client()
    reservations = Reservations(2, lambda: 0)
    with reservations.holder(first) as holder:
        reservations.drain()
        reservations.drain()
        assert first.sent == [GRANTED, GRANTED, DRAINING]
        reservations.give_back(holder)
        with reservations.holder(late):
            assert late.sent == [DRAINING]
        count = reservations.count()
        assert (count.total, count.free, count.reserved, count.draining) == (2, 0, 1, True)


def test_a_client_that_takes_nothing_stops_nobody() -> None:
    gone, client = Client(), Client()
    gone.gone = True
    reservations = Reservations(1, lambda: 0)
    with reservations.holder(client):
        with reservations.holder(gone):
            reservations.grant()
        assert client.sent == [GRANTED]


@given(clients=st.integers(1, 5), slots=st.integers(1, 9))
def test_bays_are_shared_evenly(clients: int, slots: int) -> None:
    busy = [slots]
    reservations = Reservations(slots, lambda: busy[0])
    with ExitStack() as stack:
        holders = [stack.enter_context(reservations.holder(Client())) for _ in range(clients)]
        busy[0] = 0
        reservations.grant()
        held = [holder.held for holder in holders]
        assert sum(held) == slots
        assert max(held) - min(held) <= 1


class NeverTooMany(RuleBasedStateMachine):
    """Whatever clients and pods do, no more than `slots` run or are promised."""

    SLOTS = 3

    def __init__(self) -> None:
        super().__init__()
        self.busy = 0
        self.reservations = Reservations(self.SLOTS, lambda: self.busy)
        self.stack = ExitStack()
        self.clients: list[tuple[Client, Holder]] = []
        self.given_back = 0

    @rule()
    @precondition(lambda self: len(self.clients) < 3)
    def comes(self) -> None:
        client = Client()
        self.clients.append((client, self.stack.enter_context(self.reservations.holder(client))))

    @rule(which=st.integers(0, 2), creates=st.booleans())
    def uses(self, which: int, creates: bool) -> None:
        for _, holder in self.clients[which : which + 1]:
            if holder.held:
                self.busy += creates
                self.reservations.give_back(holder)

    @rule()
    @precondition(lambda self: self.busy > 0)
    def ends(self) -> None:
        self.busy -= 1
        self.reservations.grant()

    @invariant()
    def all_bays_are_used_or_promised_once(self) -> None:
        held = sum(holder.held for _, holder in self.clients)
        assert held + self.busy <= self.SLOTS
        assert not self.clients or held + self.busy == self.SLOTS


TestNeverTooMany = NeverTooMany.TestCase
