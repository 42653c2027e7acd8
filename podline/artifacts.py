"""Saves files that a program created."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from podline.errors import ProtocolError
from podline.models import Artifact

_NO_NAMES: Final = frozenset({"", ".", ".."})


def path_in(folder: Path, name: str) -> Path:
    """Return where to save the file of that name. Raises ProtocolError if it leads elsewhere."""
    parts = name.split("/")
    plain = not (_NO_NAMES & set(parts) or "\0" in name or "\\" in name)
    path = folder.joinpath(*parts) if plain else folder.parent
    if not path.resolve().is_relative_to(folder.resolve()) or not plain:
        raise ProtocolError(f"the artifact {name!r:.80} would be saved outside {folder}")
    return path


def save(folder: Path, artifact: Artifact, content: bytes) -> Path:
    """Write the file, with the folders in its name. Raises ProtocolError and OSError."""
    if sha256(content).hexdigest() != artifact.sha256:
        raise ProtocolError(f"the artifact {artifact.name!r:.80} did not arrive unchanged")
    path = path_in(folder, artifact.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
