"""The error for wrong settings."""

from dataclasses import dataclass

from app.domain.errors import PodlineError


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One wrong setting: its name, what is wrong, and where it came from."""

    name: str
    detail: str

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}"


class SettingsError(PodlineError):
    """The settings are invalid; `problems` names each of them."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        match problems:
            case [problem]:
                super().__init__(f"wrong setting: {problem}")
            case _:
                super().__init__("\n  ".join(["wrong settings:", *map(str, problems)]))
        self.problems = problems
