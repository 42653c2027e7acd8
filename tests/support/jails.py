"""A kit for jails that no daemon looks after."""

from pathlib import Path

from sandbox.jail import kit
from sandbox.jail.kit import JailKit


def a_kit(data: Path, bays: int = 1) -> JailKit:
    """Prepare it for jails of that many bays, which show no program."""
    shown = kit.folder_of(data) / "shown"
    made = kit.prepare(data, [], str(shown))
    for bay in range(bays):
        (shown / str(bay)).mkdir(parents=True)
    for folder in (shown, *shown.iterdir()):
        folder.chmod(0o755)
    return made
