"""Piston's packages are the languages that this service has, all of them installed.

Set-up scripts install what they need first, so that must succeed. Nothing can be removed.
"""

from collections.abc import Sequence
from typing import Any

from werkzeug.exceptions import Forbidden, NotFound

from app.api.doors.piston.errors import BadBody
from app.api.doors.piston.names import piston_name
from app.api.doors.piston.versions import newest, three_numbers
from app.domain.language import Language


class NoPackage(NotFound):
    """There is no such package."""


def listed(languages: Sequence[Language]) -> list[dict[str, Any]]:
    """Each once: a package such as gcc has several languages."""
    found = {(package(each), three_numbers(each.version)) for each in languages}
    return [
        {"language": name, "language_version": version, "installed": True}
        for name, version in sorted(found)
    ]


def installed(sent: object, languages: Sequence[Language]) -> dict[str, str]:
    """Raises BadBody, and NoPackage for one that is not here."""
    name, version = _named(sent)
    found = newest([each for each in languages if package(each) == name], version, lenient=True)
    if found is None:
        raise NoPackage(f"Requested package {name}-{version} does not exist")
    return {"language": name, "version": three_numbers(found.version)}


def uninstalled(sent: object, languages: Sequence[Language]) -> dict[str, str]:
    """Raises BadBody, NoPackage, and Forbidden for one that is here."""
    installed(sent, languages)
    raise Forbidden("languages are installed and removed by the operator of this service")


def package(language: Language) -> str:
    """The package of Piston that has the language."""
    known = piston_name(language)
    return known.runtime or known.name


def _named(sent: object) -> tuple[str, str]:
    fields = sent if isinstance(sent, dict) else {}
    name, version = fields.get("language"), fields.get("version")
    for field, given in (("language", name), ("version", version)):
        if not isinstance(given, str) or not given:
            raise BadBody(f"{field} is required as a string")
    return str(name), str(version)
