"""The settings, from the environment (`PODLINE_...`) or from a file."""

from app.settings.errors import SettingsError
from app.settings.listing import Listed, listing
from app.settings.model import Settings

__all__ = ["Listed", "Settings", "SettingsError", "listing"]
