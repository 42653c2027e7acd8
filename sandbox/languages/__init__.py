"""The languages that a sandbox can offer, and how each compiles and runs a program."""

from sandbox.languages.spec import (
    COMPILE_ARGS,
    LINE_ARGS,
    SOURCES,
    STACK,
    BadLanguages,
    LanguageSpec,
    language_of,
    load,
)

__all__ = (
    "COMPILE_ARGS",
    "LINE_ARGS",
    "SOURCES",
    "STACK",
    "BadLanguages",
    "LanguageSpec",
    "language_of",
    "load",
)
