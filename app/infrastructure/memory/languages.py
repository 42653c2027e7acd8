"""The languages that the runtime offered last, in memory."""

from collections.abc import Sequence

from app.domain.language import Language


class MemoryOfferedLanguages:
    def __init__(self) -> None:
        self._languages: list[Language] = []

    def put(self, languages: Sequence[Language]) -> None:
        self._languages = list(languages)

    def get(self) -> list[Language]:
        return list(self._languages)
