"""The error for wrong settings."""

from dataclasses import dataclass

from app.domain.errors import PodlineError


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One wrong setting: its name, what is wrong, and where it came from."""

    name: str
    detail: str


class SettingsError(PodlineError):
    """The settings are invalid; `problems` names each of them."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        lines = [f"  {problem.name}: {problem.detail}" for problem in problems]
        super().__init__("\n".join(["The settings are wrong:", *lines]))
        self.problems = problems
