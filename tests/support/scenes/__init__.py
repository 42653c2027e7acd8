"""What screenshots show: each part of the page names its scenes, and makes what they need."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from podline import Client


def nothing(_: Page) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture, which is taken at each size and in each colour scheme."""

    name: str
    path: str
    act: Callable[[Page], object] = nothing
    """What somebody does there first; also waits for what the picture shows."""
    is_signed_in: bool = True
    is_whole: bool = True
    """Whether it shows all of the page, not only what a window does."""


Scenes = Callable[[Client], list[Scene]]
"""Makes what its scenes need, with an administrator's client of a service that is running."""
