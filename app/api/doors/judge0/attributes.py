"""The attributes of a submission, checked as Judge0 checks them, with its messages."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from app.api.doors.judge0 import parameters
from app.api.doors.judge0.languages import ARCHIVED, Kind, Offered
from app.api.doors.judge0.parameters import NotANumber, Parameters

MOST_CHARACTERS: Final = 512
"""Of `compiler_options`, and of `command_line_arguments`."""
BLANK: Final = "can't be blank"
NOT_A_NUMBER: Final = "is not a number"

_REMOVED: Final = re.compile(r"[$&;<>|`]")
"""From options and arguments, which a shell of Judge0 would read."""


class Problems:
    """Messages by attribute."""

    def __init__(self) -> None:
        self.found: defaultdict[str, list[str]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, name: str, message: str) -> None:
        if message not in self.found[name]:
            self.found[name].append(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """All that are not contents. Times in seconds, sizes in KB."""

    language_id: int
    compiler_options: str | None = None
    command_line_arguments: str | None = None
    cpu_time_limit: float
    cpu_extra_time: float
    wall_time_limit: float
    memory_limit: int
    stack_limit: int
    max_processes_and_or_threads: int
    enable_per_process_and_thread_time_limit: bool
    enable_per_process_and_thread_memory_limit: bool
    max_file_size: int
    redirect_stderr_to_stdout: bool
    enable_network: bool
    number_of_runs: int

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class _Number:
    """The range of a number; its default and its maximum are in `config_info`."""

    name: str
    least: int
    above: bool = False
    """It must be greater than `least`."""
    whole: bool = True


_NUMBERS: Final = (
    _Number("cpu_time_limit", 0, whole=False),
    _Number("cpu_extra_time", 0, whole=False),
    _Number("wall_time_limit", 1, whole=False),
    _Number("memory_limit", 2048),
    _Number("stack_limit", 0),
    _Number("max_processes_and_or_threads", 0, above=True),
    _Number("max_file_size", 0),
    _Number("number_of_runs", 0, above=True),
)
_FLAGS: Final = (
    ("enable_per_process_and_thread_time_limit", "this option cannot be enabled"),
    ("enable_per_process_and_thread_memory_limit", "this option cannot be enabled"),
    ("enable_network", "enabling network is not allowed"),
    ("redirect_stderr_to_stdout", None),
)


@dataclass(slots=True)
class Reader:
    """Reads the attributes of one submission, and notes what is wrong."""

    sent: Parameters
    config: Mapping[str, Any]
    languages: Mapping[int, Offered]
    problems: Problems = field(default_factory=Problems)

    def attributes(self) -> tuple[Attributes | None, Offered | None]:
        """None where there is a problem."""
        language = self._language()
        values: dict[str, Any] = {
            "compiler_options": self._options("compiler_options"),
            "command_line_arguments": self._options("command_line_arguments"),
            **{number.name: self._number(number) for number in _NUMBERS},
            **{name: self._flag(name, refused) for name, refused in _FLAGS},
        }
        if values["compiler_options"] and language:
            self._check_compiler(language)
        if self.problems or language is None:
            return None, language
        return Attributes(language_id=language.id, **values), language

    def _language(self) -> Offered | None:
        try:
            sent = parameters.number(self.sent, "language_id")
        except NotANumber:
            self.problems.add("language_id", NOT_A_NUMBER)
            return None
        if sent is None:
            self.problems.add("language_id", BLANK)
            return None
        id = int(sent)
        if id in self.languages:
            return self.languages[id]
        archived = "is archived and cannot be used anymore"
        what = archived if id in ARCHIVED else "doesn't exist"
        self.problems.add("language_id", f"language with id {id} {what}")
        return None

    def _options(self, name: str) -> str | None:
        found = parameters.text(self.sent, name)
        if not found or not found.strip():
            return None
        if len(found) > MOST_CHARACTERS:
            self.problems.add(name, f"is too long (maximum is {MOST_CHARACTERS} characters)")
        return _REMOVED.sub("", found)

    def _number(self, about: _Number) -> float:
        default: float = self.config[about.name]
        try:
            found = parameters.number(self.sent, about.name)
        except NotANumber:
            self.problems.add(about.name, NOT_A_NUMBER)
            return default
        if found is None:
            return default
        value = int(found) if about.whole else found
        most = self.config[f"max_{about.name}"]
        if about.above and value <= about.least:
            self.problems.add(about.name, f"must be greater than {about.least}")
        elif not about.above and value < about.least:
            self.problems.add(about.name, f"must be greater than or equal to {about.least}")
        if value > most:
            self.problems.add(about.name, f"must be less than or equal to {most}")
        return value

    def _flag(self, name: str, refused: str | None) -> bool:
        found = parameters.flag(self.sent, name)
        if found and refused:
            self.problems.add(name, refused)
        return bool(found)

    def _check_compiler(self, language: Offered) -> None:
        if language.family.kind is Kind.SOURCE and not language.language.compiled:
            self.problems.add(
                "compiler_options",
                "setting compiler options is only allowed for compiled languages",
            )
