"""The tables of the SQLite store, version by version.

Every index serves one query of the store. A partial index contains only rows that its query can
return, so that finished executions cost nothing. Triggers update the counters in the transaction
that changes a state, so that they are exact.
"""

from collections.abc import Iterable
from typing import Final

from app.domain.dead_letter import CLOSED
from app.domain.execution import TERMINAL, UNFINISHED
from app.infrastructure.sqlite.versions import Versions


def sql_list(names: Iterable[str]) -> str:
    """Return `('a', 'b')`, always in the same order: partial indexes are matched by their text."""
    return "(" + ", ".join(f"'{name}'" for name in sorted(names)) + ")"


IS_UNFINISHED: Final = f"IN {sql_list(UNFINISHED)}"
IS_TERMINAL: Final = f"IN {sql_list(TERMINAL)}"
REMOVABLE: Final = (
    "ended_at IS NOT NULL AND next_action_at IS NULL AND relay_at IS NULL AND callback_at IS NULL"
    " AND usage_at IS NULL"
)
IS_UNFOLDED: Final = "usage_at IS NOT NULL"
CALLBACK_IS_DUE: Final = "callback_at IS NOT NULL"
LETTER_IS_CLOSED: Final = f"status IN {sql_list(CLOSED)}"
LETTER_IS_DUE: Final = "status IN ('retrying', 'waiting') AND next_retry_at IS NOT NULL"

FIRST: Final = (
    # `spec` contains what never changes and no query needs: labels and limits, as JSON.
    # `relay_at` is the time of the first event that is not in the log, or NULL.
    """
    CREATE TABLE executions (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        language TEXT NOT NULL,
        language_version TEXT NOT NULL,
        priority TEXT NOT NULL,
        spec TEXT NOT NULL,
        root TEXT NOT NULL,
        retry_of TEXT,
        retried_as TEXT,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        tries TEXT NOT NULL,
        start_deadline INTEGER,
        message TEXT,
        outcome TEXT,
        exit_code INTEGER,
        signal TEXT,
        result_id TEXT,
        created_at INTEGER NOT NULL,
        admitted_at INTEGER,
        started_at INTEGER,
        finished_at INTEGER,
        completed_at INTEGER,
        next_action_at INTEGER,
        erased INTEGER NOT NULL,
        relayed INTEGER NOT NULL,
        relay_at INTEGER
    ) STRICT
    """,
    "CREATE INDEX by_state ON executions (state, id)",
    "CREATE INDEX by_outcome ON executions (outcome, id) WHERE outcome IS NOT NULL",
    "CREATE INDEX by_language ON executions (language, id)",
    "CREATE INDEX by_owner ON executions (owner, id) WHERE erased = 0",
    "CREATE INDEX by_owner_state ON executions (owner, state, id) WHERE erased = 0",
    "CREATE INDEX by_owner_outcome ON executions (owner, outcome, id)"
    " WHERE erased = 0 AND outcome IS NOT NULL",
    "CREATE INDEX by_owner_language ON executions (owner, language, id) WHERE erased = 0",
    "CREATE INDEX due ON executions (state, next_action_at) WHERE next_action_at IS NOT NULL",
    "CREATE INDEX to_relay ON executions (relay_at) WHERE relay_at IS NOT NULL",
    "CREATE INDEX queued ON executions (created_at) WHERE state = 'queued'",
    "CREATE INDEX removable ON executions (completed_at)"
    " WHERE completed_at IS NOT NULL AND next_action_at IS NULL AND relay_at IS NULL",
    """
    CREATE TABLE events (
        execution_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        type TEXT NOT NULL,
        time INTEGER NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (execution_id, version)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE TABLE programs (execution_id TEXT PRIMARY KEY, submission BLOB NOT NULL) STRICT",
    """
    CREATE TABLE labels (
        execution_id TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        owner TEXT NOT NULL,
        PRIMARY KEY (execution_id, key)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX by_label ON labels (key, value, execution_id)",
    "CREATE INDEX by_owner_label ON labels (owner, key, value, execution_id)",
    """
    CREATE TABLE results (
        id TEXT PRIMARY KEY,
        execution_id TEXT NOT NULL,
        result BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX results_of ON results (execution_id)",
    """
    CREATE TABLE unfinished_by_state (
        state TEXT NOT NULL,
        priority TEXT NOT NULL,
        total INTEGER NOT NULL,
        PRIMARY KEY (state, priority)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE unfinished_by_owner (
        owner TEXT PRIMARY KEY,
        total INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    f"""
    CREATE TRIGGER count_inserted AFTER INSERT ON executions WHEN new.state {IS_UNFINISHED}
    BEGIN
        INSERT INTO unfinished_by_state VALUES (new.state, new.priority, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
        INSERT INTO unfinished_by_owner VALUES (new.owner, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
    END
    """,
    f"""
    CREATE TRIGGER count_moved AFTER UPDATE OF state ON executions
        WHEN old.state <> new.state AND new.state {IS_UNFINISHED}
    BEGIN
        UPDATE unfinished_by_state SET total = total - 1
            WHERE state = old.state AND priority = old.priority;
        INSERT INTO unfinished_by_state VALUES (new.state, new.priority, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
    END
    """,
    f"""
    CREATE TRIGGER count_ended AFTER UPDATE OF state ON executions
        WHEN old.state {IS_UNFINISHED} AND new.state {IS_TERMINAL}
    BEGIN
        UPDATE unfinished_by_state SET total = total - 1
            WHERE state = old.state AND priority = old.priority;
        UPDATE unfinished_by_owner SET total = total - 1 WHERE owner = old.owner;
    END
    """,
    """
    CREATE TABLE dead_letters (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        origin TEXT NOT NULL,
        execution_id TEXT,
        payload TEXT,
        error TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        retries INTEGER NOT NULL,
        first_failed_at INTEGER NOT NULL,
        last_failed_at INTEGER NOT NULL,
        next_retry_at INTEGER
    ) STRICT
    """,
    "CREATE INDEX letters_by_status ON dead_letters (status, id)",
    "CREATE INDEX letters_by_kind ON dead_letters (kind, id)",
    "CREATE INDEX letters_by_status_kind ON dead_letters (status, kind, id)",
    f"CREATE INDEX letters_due ON dead_letters (next_retry_at) WHERE {LETTER_IS_DUE}",
    """
    CREATE TABLE dead_letters_by_status (
        status TEXT PRIMARY KEY,
        total INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER count_letter_inserted AFTER INSERT ON dead_letters
    BEGIN
        INSERT INTO dead_letters_by_status VALUES (new.status, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
    END
    """,
    """
    CREATE TRIGGER count_letter_moved AFTER UPDATE OF status ON dead_letters
        WHEN old.status <> new.status
    BEGIN
        UPDATE dead_letters_by_status SET total = total - 1 WHERE status = old.status;
        INSERT INTO dead_letters_by_status VALUES (new.status, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
    END
    """,
    """
    CREATE TABLE api_keys (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        secret_hash TEXT NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        max_unfinished INTEGER
    ) STRICT
    """,
    """
    CREATE TABLE idempotency (
        key_hash TEXT PRIMARY KEY,
        body_hash TEXT NOT NULL,
        execution_id TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX idempotency_by_expiry ON idempotency (expires_at)",
)

REPLAYS: Final = (
    # Rebuilt rows are never worked on, so no counter includes them.
    "ALTER TABLE executions ADD COLUMN rebuilt_at INTEGER",
    "DROP TRIGGER count_inserted",
    f"""
    CREATE TRIGGER count_inserted AFTER INSERT ON executions
        WHEN new.state {IS_UNFINISHED} AND new.rebuilt_at IS NULL
    BEGIN
        INSERT INTO unfinished_by_state VALUES (new.state, new.priority, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
        INSERT INTO unfinished_by_owner VALUES (new.owner, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
    END
    """,
    "DROP TRIGGER count_moved",
    f"""
    CREATE TRIGGER count_moved AFTER UPDATE OF state ON executions
        WHEN old.state <> new.state AND new.state {IS_UNFINISHED} AND new.rebuilt_at IS NULL
    BEGIN
        UPDATE unfinished_by_state SET total = total - 1
            WHERE state = old.state AND priority = old.priority;
        INSERT INTO unfinished_by_state VALUES (new.state, new.priority, 1)
            ON CONFLICT DO UPDATE SET total = total + 1;
    END
    """,
    "DROP TRIGGER count_ended",
    f"""
    CREATE TRIGGER count_ended AFTER UPDATE OF state ON executions
        WHEN old.state {IS_UNFINISHED} AND new.state {IS_TERMINAL} AND new.rebuilt_at IS NULL
    BEGIN
        UPDATE unfinished_by_state SET total = total - 1
            WHERE state = old.state AND priority = old.priority;
        UPDATE unfinished_by_owner SET total = total - 1 WHERE owner = old.owner;
    END
    """,
    """
    CREATE TABLE replays (
        id TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        next_action_at INTEGER,
        replay TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX replays_due ON replays (next_action_at) WHERE next_action_at IS NOT NULL",
)

QUEUED_BY_BAND: Final = (
    "DROP INDEX queued",
    "CREATE INDEX queued ON executions (priority, created_at)"
    " WHERE state = 'queued' AND rebuilt_at IS NULL",
)

ENDED_REPLAYS: Final = (
    "ALTER TABLE replays ADD COLUMN ended_at INTEGER",
    "UPDATE replays SET ended_at = json_extract(replay, '$.ended_at')",
    "CREATE INDEX replays_ended ON replays (ended_at) WHERE ended_at IS NOT NULL",
)

OFFERED: Final = (
    """
    CREATE TABLE offered (
        id INTEGER PRIMARY KEY CHECK (id = 0),
        languages TEXT NOT NULL
    ) STRICT
    """,
)

ENDED_AT: Final = (
    # Failed and cancelled executions have this time too. SQLite renames it in the index as well.
    "ALTER TABLE executions RENAME COLUMN completed_at TO ended_at",
)

USAGE: Final = (
    "ALTER TABLE executions ADD COLUMN key_id TEXT",
    "ALTER TABLE executions ADD COLUMN cpu_us INTEGER",
    "ALTER TABLE executions ADD COLUMN stored_bytes INTEGER",
    "ALTER TABLE executions ADD COLUMN usage_at INTEGER",
    f"CREATE INDEX unfolded ON executions (usage_at) WHERE {IS_UNFOLDED}",
    # `folding` is a list of ids, as JSON.
    """
    CREATE TABLE usage_days (
        owner TEXT NOT NULL,
        day TEXT NOT NULL,
        key_id TEXT NOT NULL,
        executions INTEGER NOT NULL,
        cpu_us INTEGER NOT NULL,
        stored_bytes INTEGER NOT NULL,
        version INTEGER NOT NULL,
        folding TEXT NOT NULL,
        PRIMARY KEY (owner, day, key_id)
    ) STRICT, WITHOUT ROWID
    """,
)

CALLBACKS: Final = (
    # As JSON. `callback_at` is the time at which it is due, or NULL.
    "ALTER TABLE executions ADD COLUMN callback TEXT",
    """
    ALTER TABLE executions ADD COLUMN callback_at INTEGER
        GENERATED ALWAYS AS (json_extract(callback, '$.next_at')) VIRTUAL
    """,
    f"CREATE INDEX callbacks_due ON executions (callback_at) WHERE {CALLBACK_IS_DUE}",
    *USAGE,
    "DROP INDEX removable",
    f"CREATE INDEX removable ON executions (ended_at) WHERE {REMOVABLE}",
)

KEY_LIMITS: Final = (
    "ALTER TABLE api_keys ADD COLUMN callback_generation INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE api_keys ADD COLUMN callback_rotated_at INTEGER",
    "ALTER TABLE api_keys ADD COLUMN requests TEXT",
    "ALTER TABLE api_keys ADD COLUMN cpu_day REAL",
    "ALTER TABLE api_keys ADD COLUMN door TEXT",
)

BATCHES: Final = (
    "ALTER TABLE executions ADD COLUMN batch_id TEXT",
    "CREATE INDEX by_batch ON executions (batch_id, id) WHERE batch_id IS NOT NULL",
    """
    CREATE TABLE batches (
        id TEXT PRIMARY KEY,
        created_at INTEGER NOT NULL,
        next_action_at INTEGER,
        batch TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX batches_due ON batches (next_action_at) WHERE next_action_at IS NOT NULL",
    "CREATE INDEX batches_by_age ON batches (created_at) WHERE next_action_at IS NULL",
)

JUDGING: Final = (
    "ALTER TABLE executions ADD COLUMN held_until INTEGER",
    # Indices, as JSON.
    "ALTER TABLE executions ADD COLUMN wrong_runs TEXT",
)

PLACES: Final = ("ALTER TABLE executions ADD COLUMN place TEXT",)

DOOR_DATA: Final = ("ALTER TABLE executions ADD COLUMN door_data TEXT",)

OVERVIEW: Final = (
    "ALTER TABLE dead_letters ADD COLUMN traceback TEXT",
    "CREATE INDEX usage_by_day ON usage_days (day)",
)

BY_PRIORITY: Final = (
    "CREATE INDEX by_priority ON executions (priority, id)",
    "CREATE INDEX by_owner_priority ON executions (owner, priority, id) WHERE erased = 0",
)

LETTERS_REMOVED: Final = (
    f"CREATE INDEX letters_closed ON dead_letters (last_failed_at) WHERE {LETTER_IS_CLOSED}",
    """
    CREATE TRIGGER count_letter_removed AFTER DELETE ON dead_letters
    BEGIN
        UPDATE dead_letters_by_status SET total = total - 1 WHERE status = old.status;
    END
    """,
)

AUDIT: Final = (
    "CREATE TABLE audit (id TEXT PRIMARY KEY, relay_at INTEGER, record TEXT NOT NULL) STRICT",
    "CREATE INDEX audit_to_relay ON audit (relay_at) WHERE relay_at IS NOT NULL",
)

VERSIONS: Final = Versions(
    (
        FIRST,
        REPLAYS,
        QUEUED_BY_BAND,
        ENDED_REPLAYS,
        OFFERED,
        (
            *ENDED_AT,
            *CALLBACKS,
            *KEY_LIMITS,
            *BATCHES,
            *DOOR_DATA,
            *JUDGING,
            *OVERVIEW,
            *BY_PRIORITY,
            *PLACES,
            *LETTERS_REMOVED,
            *AUDIT,
        ),
    )
)
