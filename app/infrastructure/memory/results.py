"""Results, in memory."""

from app.domain.execution import State
from app.domain.result import Result
from app.infrastructure.memory.tables import Tables


class MemoryResults:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def insert(self, result: Result) -> None:
        with self._tables.lock:
            row = self._tables.rows.get(result.execution_id)
            if row is not None and row.state is State.FINISHED and row.pod == result.id:
                self._tables.results.setdefault(result.id, result)

    def get(self, result_id: str) -> Result | None:
        with self._tables.lock:
            return self._tables.results.get(result_id)
