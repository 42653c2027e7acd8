"""The backup in docs/operations.md, and how it is restored."""

import subprocess
from pathlib import Path

from app.domain.filters import EventFilter
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.store import SqliteStore
from tests.support.builders import accepted
from tests.support.markdown import DOCS, CodeBlock, code_blocks

PAGE = DOCS / "operations.md"


def block(language: str, word: str) -> CodeBlock:
    (found,) = (each for each in code_blocks(PAGE, language) if word in each.text)
    return found


def run(script: str, folder: Path) -> None:
    subprocess.run(["bash", "-euc", script], cwd=folder, check=True)


def test_what_was_stored_is_there_after_a_restore(tmp_path: Path) -> None:
    data = tmp_path / ".podline"
    data.mkdir(mode=0o700)
    for secret in ("callback-secret", "key"):
        (data / secret).write_text(secret)
    store = SqliteStore(data / "podline.db", timeout=1)
    log = SqliteEventLog(data / "events.db", timeout=1)
    execution, submission, event = accepted()
    store.executions.insert(execution, submission, event)
    blob = store.blobs.put(execution.id, [b"large"])
    log.append([event])

    run(block("sh", "backup").text, tmp_path)
    store.blobs.delete([execution.id])
    restore, _, last = block("text", "cp --recursive").text.strip().rpartition("\n")
    assert last == "podline up"
    run(restore, tmp_path)

    restored = SqliteStore(data / "podline.db", timeout=1)
    assert restored.executions.get(execution.id) == execution
    assert b"".join(restored.blobs.read(execution.id, blob) or ()) == b"large"
    assert SqliteEventLog(data / "events.db", timeout=1).read(EventFilter(), None, 9).events
    assert [(data / each).read_text() for each in ("callback-secret", "key")] == [
        "callback-secret",
        "key",
    ]
    assert data.stat().st_mode & 0o777 == 0o700
