"""How owners share the limited number of waiting responses."""

from hypothesis import given
from hypothesis import strategies as st

from app.service.waiting_places import WaitingPlaces

OWNERS = [f"owner {number}" for number in range(5)]


def taken_by(places: WaitingPlaces, owner: str) -> int:
    """Take places until the owner gets no more. Returns how many."""
    count = 0
    while places.take(owner):
        count += 1
    return count


def test_one_owner_gets_half_and_the_next_ones_share_the_rest() -> None:
    places = WaitingPlaces(60)

    assert [taken_by(places, owner) for owner in ("ada", "bob", "eve")] == [30, 15, 8]


def test_a_place_that_was_left_can_be_taken_again() -> None:
    places = WaitingPlaces(1)

    assert places.take("ada")
    assert not places.take("ada")
    assert not places.take("bob")
    places.leave("ada")
    assert places.take("bob")


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.sampled_from(OWNERS), st.booleans()), max_size=200),
)
def test_nobody_holds_more_than_half_and_a_newcomer_finds_room(
    total: int, moves: list[tuple[str, bool]]
) -> None:
    places, held = WaitingPlaces(total), dict.fromkeys(OWNERS, 0)
    for owner, takes in moves:
        if takes:
            free = total - sum(held.values())
            taken = places.take(owner)
            assert taken == (free > held[owner])
            held[owner] += taken
        elif held[owner]:
            places.leave(owner)
            held[owner] -= 1
    assert max(held.values()) <= (total + 1) // 2
    assert places.take("newcomer") == (sum(held.values()) < total)
