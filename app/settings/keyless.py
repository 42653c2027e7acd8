"""Who may use doors without a key."""

from typing import Annotated

from pydantic import AfterValidator, PositiveFloat, PositiveInt

from app.settings import checks
from app.settings.from_policy import Group

DoorList = Annotated[str, AfterValidator(checks.door_list)]
OwnerName = Annotated[str, AfterValidator(checks.owner_name)]
RateText = Annotated[str, AfterValidator(checks.rate)]


class KeylessSettings(Group):
    """Who may call a door without a key."""

    doors: DoorList = ""
    """The doors that serve requests without a key: their names, separated by commas, or `all` that
    are open. Whoever reaches such a door can run programs:
    [requests without a key](#requests-without-a-key).
    """
    owner: OwnerName = "keyless"
    """The owner of what is submitted without a key."""
    max_unfinished: PositiveInt | None = None
    """Its quota of unfinished executions, instead of `PODLINE_MAX_UNFINISHED_PER_OWNER`."""
    requests: RateText | None = None
    """The rate of its requests, such as `10/s`, instead of `PODLINE_REQUESTS`."""
    cpu_day: PositiveFloat | None = None
    """The CPU seconds of its programs in a day (UTC), instead of `PODLINE_CPU_DAY`."""

    def names(self) -> list[str]:
        return names_in(self.doors)


def names_in(text: str) -> list[str]:
    """The names in a list separated by commas."""
    return [name for name in text.split(",") if name]
