"""What every store does with dead letters, API keys and idempotency records."""

from dataclasses import replace

from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.execution import SECOND
from app.domain.language import Language
from app.ports import Store
from tests.contracts.racing import race
from tests.support.builders import NOW, a_dead_letter, a_key, an_idempotency_record

WAITING, RETRYING = DeadLetterStatus.WAITING, DeadLetterStatus.RETRYING
ARCHIVED = DeadLetterStatus.ARCHIVED
RACERS = 8


class TestDeadLetters:
    def test_a_letter_is_put_once(self, store: Store) -> None:
        letter = a_dead_letter(payload="AAEC", execution_id=None, next_retry_at=None)
        assert store.dead_letters.put(letter)
        assert not store.dead_letters.put(replace(letter, attempts=9))
        assert store.dead_letters.get(letter.id) == letter
        assert store.dead_letters.get("another") is None

    def test_an_update_names_the_whole_letter_that_it_saw(self, store: Store) -> None:
        letter = a_dead_letter()
        store.dead_letters.put(letter)
        failed_again = replace(letter, attempts=letter.attempts + 1, status=RETRYING)
        assert store.dead_letters.update(letter, failed_again)
        assert not store.dead_letters.update(letter, replace(letter, status=ARCHIVED))
        assert store.dead_letters.get(letter.id) == failed_again
        assert not store.dead_letters.update(a_dead_letter(), failed_again)

    def test_fields_without_a_value_are_compared_too(self, store: Store) -> None:
        letter = a_dead_letter(next_retry_at=None, execution_id=None)
        store.dead_letters.put(letter)
        assert not store.dead_letters.update(replace(letter, next_retry_at=NOW), letter)
        planned = replace(letter, next_retry_at=NOW)
        assert store.dead_letters.update(letter, planned)
        assert store.dead_letters.update(planned, letter)
        assert store.dead_letters.get(letter.id) == letter

    def test_one_of_many_updates_wins(self, store: Store) -> None:
        letter = a_dead_letter()
        store.dead_letters.put(letter)
        won = race(
            RACERS,
            lambda number: store.dead_letters.update(letter, replace(letter, attempts=10 + number)),
        )
        assert won.count(True) == 1
        assert store.dead_letters.get(letter.id) == replace(letter, attempts=10 + won.index(True))

    def test_are_listed_newest_first_by_status_and_kind(self, store: Store) -> None:
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

    def test_are_due_when_their_time_has_come(self, store: Store) -> None:
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

    def test_are_counted_by_status(self, store: Store) -> None:
        letters = [a_dead_letter() for _ in range(3)]
        for letter in letters:
            store.dead_letters.put(letter)
        store.dead_letters.put(letters[0])
        store.dead_letters.update(letters[0], replace(letters[0], status=ARCHIVED))
        store.dead_letters.update(letters[1], replace(letters[1], attempts=9))
        counts = {status: total for status, total in store.dead_letters.count().items() if total}
        assert counts == {WAITING: 2, ARCHIVED: 1}


class TestKeys:
    def test_a_key_is_found_by_the_hash_of_its_secret(self, store: Store) -> None:
        key = a_key(role=Role.OPERATOR, max_unfinished=7)
        store.keys.put(key)
        store.keys.put(a_key())
        assert store.keys.by_hash(key.secret_hash) == key
        assert store.keys.by_hash("another") is None

    def test_a_key_is_replaced_by_one_of_its_id(self, store: Store) -> None:
        key = a_key(max_unfinished=7)
        store.keys.put(key)
        renewed = replace(key, secret_hash="another", max_unfinished=None)
        store.keys.put(renewed)
        assert store.keys.all() == [renewed]
        assert store.keys.by_hash(key.secret_hash) is None

    def test_keys_are_listed_by_id(self, store: Store) -> None:
        keys = [a_key(), a_key()]
        for key in reversed(keys):
            store.keys.put(key)
        assert store.keys.all() == keys

    def test_a_deleted_key_is_gone(self, store: Store) -> None:
        key = a_key()
        store.keys.put(key)
        assert store.keys.delete(key.id)
        assert not store.keys.delete(key.id)
        assert store.keys.by_hash(key.secret_hash) is None


class TestIdempotency:
    def test_the_first_record_of_a_key_stays(self, store: Store) -> None:
        first = an_idempotency_record()
        second = replace(first, body_hash="another", execution_id="01J")
        assert store.idempotency.fix(first, NOW) == first
        assert store.idempotency.fix(second, NOW) == first

    def test_an_expired_record_is_replaced(self, store: Store) -> None:
        expired = an_idempotency_record(expires_at=NOW + SECOND)
        store.idempotency.fix(expired, NOW)
        fresh = replace(expired, execution_id="01J", expires_at=NOW + 9 * SECOND)
        assert store.idempotency.fix(fresh, NOW + SECOND - 1) == expired
        assert store.idempotency.fix(fresh, NOW + SECOND) == fresh

    def test_one_of_many_records_is_everybodys(self, store: Store) -> None:
        record = an_idempotency_record()
        fixed = race(
            RACERS,
            lambda number: store.idempotency.fix(replace(record, execution_id=f"{number}"), NOW),
        )
        assert len(set(fixed)) == 1

    def test_one_of_many_replaces_an_expired_record(self, store: Store) -> None:
        record = an_idempotency_record(expires_at=NOW)
        store.idempotency.fix(record, NOW - 1)
        fresh = replace(record, expires_at=NOW + SECOND)
        fixed = race(
            RACERS,
            lambda number: store.idempotency.fix(replace(fresh, execution_id=f"{number}"), NOW),
        )
        assert len(set(fixed)) == 1

    def test_expired_records_are_removed_some_at_a_time(self, store: Store) -> None:
        records = [an_idempotency_record(expires_at=NOW + number) for number in range(4)]
        for record in records:
            store.idempotency.fix(record, NOW - 1)
        assert store.idempotency.remove_expired(NOW + 2, 2) == 2
        assert store.idempotency.remove_expired(NOW + 2, 2) == 1
        assert store.idempotency.remove_expired(NOW + 2, 2) == 0
        assert store.idempotency.fix(records[3], NOW) == records[3]


class TestLanguages:
    def test_there_are_none_before_they_are_put(self, store: Store) -> None:
        assert store.languages.get() == []

    def test_the_last_ones_that_were_put_are_kept(self, store: Store) -> None:
        python = Language(name="python", version="3.12", source_name="main.py", compiled=False)
        go = replace(python, name="go", compiled=True, compile_needs={"memory_mib": 1024})

        store.languages.put([python, go])
        store.languages.put([go])

        assert store.languages.get() == [go]
