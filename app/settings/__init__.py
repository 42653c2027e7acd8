"""What an operator may set, by environment (`PODLINE_...`) or in a file."""

from app.settings.errors import SettingsError
from app.settings.listing import Listed, listing
from app.settings.model import Settings

__all__ = ["Listed", "Settings", "SettingsError", "listing"]
