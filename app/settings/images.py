"""The settings for images by language and for the packages in them.

`python=podline/python:3.12,c=podline/c:12.2`, and `python=numpy==2.1.3 pandas==2.2.3`.
"""

import re
from typing import Annotated, Final

from app.settings.checks import parsed_by

DEFAULT: Final = (
    "python=podline/python:3.12,"
    "javascript=podline/javascript:22,"
    "typescript=podline/typescript:7.0,"
    "c=podline/c:12.2,"
    "cpp=podline/cpp:12.2,"
    "java=podline/java:17,"
    "go=podline/go:1.25,"
    "rust=podline/rust:1.91,"
    "ruby=podline/ruby:3.4,"
    "php=podline/php:8.4,"
    "perl=podline/perl:5.36,"
    "bash=podline/bash:5.2,"
    "lua=podline/lua:5.4,"
    "r=podline/r:4.2"
)
"""The images that compose/images/ builds."""

_ENTRY: Final = re.compile(
    r"(?P<language>[a-z][a-z0-9_+-]*)="
    r"(?P<image>[^\s:@=]+(:\d+/[^\s:@=]+)?:(?P<version>\d+(\.\d+)*)[\w.-]*(@sha256:[0-9a-f]{64})?)"
)
_PACKAGE: Final = re.compile(r"(?P<name>@?[^@=\s]+)(?:==|@)(?P<version>[0-9][^@=\s]*)")


def images_and_versions(setting: str) -> dict[str, tuple[str, str]]:
    """Return each language's image, and its version, with which the image's tag starts.

    Raises a ValueError that names the wrong entry.
    """
    found: dict[str, tuple[str, str]] = {}
    for entry in filter(None, map(str.strip, setting.split(","))):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(
                f"{entry!r} must be <language>=<image>:<version of the language>, perhaps with "
                "more of a tag and @sha256:<digest>"
            )
        if match["language"] in found:
            raise ValueError(f"{match['language']} has two images")
        found[match["language"]] = (match["image"], match["version"])
    return found


def packages_and_versions(setting: str) -> dict[str, dict[str, str]]:
    """Return the version of each package in each language's image.

    Raises a ValueError that names the wrong entry.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in filter(None, map(str.strip, setting.split(","))):
        language, _, packages = entry.partition("=")
        if language in found:
            raise ValueError(f"{language} has two lists of packages")
        found[language] = dict(map(_package, packages.split()))
        if not (language and found[language]):
            raise ValueError(f"{entry!r} must be <language>=<package>==<version> …")
    return found


def pool_sizes(setting: str) -> dict[str, int]:
    """Return how many pods to start ahead, by language.

    Raises a ValueError that names the wrong entry.
    """
    found: dict[str, int] = {}
    for entry in filter(None, map(str.strip, setting.split(","))):
        language, _, number = entry.partition("=")
        if not (language and number.isascii() and number.isdecimal()):
            raise ValueError(f"{entry!r} must be <language>=<number of pods>")
        if language in found:
            raise ValueError(f"{language} has two numbers of pods")
        found[language] = int(number)
    return found


def _package(text: str) -> tuple[str, str]:
    match = _PACKAGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} must have an exact version: numpy==2.1.3, or lodash@4.17.21")
    return match["name"], match["version"]


PoolSizes = Annotated[str, parsed_by(pool_sizes)]
ImageNames = Annotated[str, parsed_by(images_and_versions)]
ImagePackages = Annotated[str, parsed_by(packages_and_versions)]
