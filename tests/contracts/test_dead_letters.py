"""What every store does with dead letters."""

from dataclasses import replace

from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.ports import Store
from tests.contracts.racing import race
from tests.support.builders import NOW, a_dead_letter

WAITING, RETRYING = DeadLetterStatus.WAITING, DeadLetterStatus.RETRYING
ARCHIVED = DeadLetterStatus.ARCHIVED
RACERS = 8


def test_a_letter_is_put_once(store: Store) -> None:
    letter = a_dead_letter(
        payload="AAEC", execution_id=None, next_retry_at=None, traceback="a.py:1 in f\nKeyError"
    )
    assert store.dead_letters.put(letter)
    assert not store.dead_letters.put(replace(letter, attempts=9))
    assert store.dead_letters.get(letter.id) == letter
    assert store.dead_letters.get("another") is None


def test_an_update_names_the_whole_letter_that_it_saw(store: Store) -> None:
    letter = a_dead_letter()
    store.dead_letters.put(letter)
    failed_again = replace(letter, attempts=letter.attempts + 1, status=RETRYING)
    assert store.dead_letters.update(letter, failed_again)
    assert not store.dead_letters.update(letter, replace(letter, status=ARCHIVED))
    assert store.dead_letters.get(letter.id) == failed_again
    assert not store.dead_letters.update(a_dead_letter(), failed_again)


def test_fields_without_a_value_are_compared_too(store: Store) -> None:
    letter = a_dead_letter(next_retry_at=None, execution_id=None)
    store.dead_letters.put(letter)
    assert not store.dead_letters.update(replace(letter, next_retry_at=NOW), letter)
    planned = replace(letter, next_retry_at=NOW)
    assert store.dead_letters.update(letter, planned)
    assert store.dead_letters.update(planned, letter)
    assert store.dead_letters.get(letter.id) == letter


def test_one_of_many_updates_wins(store: Store) -> None:
    letter = a_dead_letter()
    store.dead_letters.put(letter)
    won = race(
        RACERS,
        lambda number: store.dead_letters.update(letter, replace(letter, attempts=10 + number)),
    )
    assert won.count(True) == 1
    assert store.dead_letters.get(letter.id) == replace(letter, attempts=10 + won.index(True))


def test_are_listed_newest_first_by_status_and_kind(store: Store) -> None:
    poison = a_dead_letter(kind=DeadLetterKind.POISON)
    archived = a_dead_letter(status=ARCHIVED)
    waiting = a_dead_letter()
    for letter in (poison, archived, waiting):
        store.dead_letters.put(letter)
    assert store.dead_letters.page(None, None, None, 10) == [waiting, archived, poison]
    assert store.dead_letters.page(None, None, waiting.id, 1) == [archived]
    assert store.dead_letters.page(WAITING, None, None, 10) == [waiting, poison]
    assert store.dead_letters.page(WAITING, None, waiting.id, 10) == [poison]
    assert store.dead_letters.page(None, DeadLetterKind.POISON, None, 10) == [poison]
    assert store.dead_letters.page(ARCHIVED, DeadLetterKind.POISON, None, 10) == []


def test_are_due_when_their_time_has_come(store: Store) -> None:
    second = a_dead_letter(next_retry_at=NOW + 2)
    first = a_dead_letter(status=RETRYING, next_retry_at=NOW + 1)
    for letter in (
        second,
        first,
        a_dead_letter(next_retry_at=NOW + 3),
        a_dead_letter(next_retry_at=None),
        a_dead_letter(status=ARCHIVED, next_retry_at=NOW),
    ):
        store.dead_letters.put(letter)
    assert store.dead_letters.due(NOW + 2, 10) == [first, second]
    assert store.dead_letters.due(NOW + 2, 1) == [first]


def test_that_nothing_retries_are_removed_oldest_first(store: Store) -> None:
    retried = a_dead_letter(last_failed_at=NOW)
    retrying = a_dead_letter(status=RETRYING, last_failed_at=NOW, next_retry_at=None)
    oldest = a_dead_letter(status=DeadLetterStatus.DISCARDED, last_failed_at=NOW)
    old = a_dead_letter(status=DeadLetterStatus.RESOLVED, last_failed_at=NOW + 1)
    younger = a_dead_letter(status=ARCHIVED, last_failed_at=NOW + 2)
    for letter in (younger, retried, old, retrying, oldest):
        store.dead_letters.put(letter)
    assert store.dead_letters.remove_failed_before(NOW + 2, 1) == 1
    assert store.dead_letters.get(oldest.id) is None
    assert store.dead_letters.remove_failed_before(NOW + 2, 10) == 1
    assert store.dead_letters.remove_failed_before(NOW + 2, 10) == 0
    left = sorted([younger, retried, retrying], key=lambda letter: letter.id, reverse=True)
    assert store.dead_letters.page(None, None, None, 10) == left
    counts = {status: total for status, total in store.dead_letters.count().items() if total}
    assert counts == {WAITING: 1, RETRYING: 1, ARCHIVED: 1}


def test_are_counted_by_status(store: Store) -> None:
    letters = [a_dead_letter() for _ in range(3)]
    for letter in letters:
        store.dead_letters.put(letter)
    store.dead_letters.put(letters[0])
    store.dead_letters.update(letters[0], replace(letters[0], status=ARCHIVED))
    store.dead_letters.update(letters[1], replace(letters[1], attempts=9))
    counts = {status: total for status, total in store.dead_letters.count().items() if total}
    assert counts == {WAITING: 2, ARCHIVED: 1}


def test_those_that_match_are_counted_up_to_a_number(store: Store) -> None:
    for letter in (
        a_dead_letter(),
        a_dead_letter(),
        a_dead_letter(kind=DeadLetterKind.POISON),
        a_dead_letter(status=ARCHIVED),
    ):
        store.dead_letters.put(letter)
    assert store.dead_letters.matching(None, None, 10) == 4
    assert store.dead_letters.matching(WAITING, None, 10) == 3
    assert store.dead_letters.matching(WAITING, None, 2) == 2
    assert store.dead_letters.matching(WAITING, DeadLetterKind.POISON, 10) == 1
    assert store.dead_letters.matching(ARCHIVED, DeadLetterKind.POISON, 10) == 0
