"""Programs run wherever a slot is free."""

from collections import Counter

from podline import Outcome, State
from tests.hosts.conftest import SIZES
from tests.support.many_hosts import ManyHosts


def test_all_hosts_are_shown_with_what_they_have(service: ManyHosts) -> None:
    shown = service.shown()
    assert {name: str(place.slots) for name, place in shown.items()} == SIZES
    for place in shown.values():
        assert place.languages is not None
        assert {"python", "c"} <= set(place.languages)
        assert not place.draining
    with service.client() as client:
        assert client.queue().slots.total == 6


def test_programs_run_on_all_of_them(service: ManyHosts) -> None:
    ended = service.ended(service.submitted("import time; time.sleep(1); print(1)", 12))
    assert {each.outcome for each in ended} == {Outcome.SUCCESS}
    assert {each.state for each in ended} == {State.COMPLETED}
    places = Counter(each.place for each in ended)
    assert places.keys() == set(SIZES)
    assert places["alpha"] < places["gamma"]
    assert {each.attempt for each in ended} == {1}
