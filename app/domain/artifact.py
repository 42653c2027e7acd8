"""Files that a program created and its submission asked for."""

from dataclasses import dataclass, field
from mimetypes import MimeTypes
from typing import Final

from app.domain.blob import Blob
from app.domain.declared import means

SLICE_BYTES: Final = 1024 * 1024
"""The most that a runtime returns at once."""

_MEDIA_TYPES: Final = MimeTypes()
"""Knows what Python knows, and not what the machine's files add."""
_UNKNOWN: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactMaxima:
    """How many files of one execution are kept."""

    files: int = field(
        default=64, metadata=means("Artifacts of an execution. Others are left out.", gt=0, le=512)
    )
    """Init sends no more at once."""
    bytes: int = field(
        default=8 * 1024 * 1024,
        metadata=means(
            "All artifacts of an execution together, in bytes. Others are left out.",
            gt=0,
            le=64 * 1024 * 1024,
        ),
    )


DEFAULT_MAXIMA: Final = ArtifactMaxima()


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """A file that a runtime keeps until its pod is deleted."""

    name: str
    """Relative to the working folder. Without control characters."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that was asked for, and is not kept."""

    name: str | None
    """None for several files, which the reason counts."""
    reason: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What a runtime found once the program had ended, in the order of the names."""

    files: tuple[CollectedFile, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """A collected file whose contents are stored."""

    name: str
    blob: Blob

    @property
    def media_type(self) -> str:
        """What the suffix of the name stands for. Nothing has looked at the contents."""
        kind, encoding = _MEDIA_TYPES.guess_type(f"./{self.name}")
        return _UNKNOWN if kind is None or encoding else kind
