"""`python -m sandbox.packages`: changes and lists what a daemon's data folder has.

The daemon need not run. If it does, it notices.
"""

import argparse
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox.environments import FOLDER, BadEnvironments, Busy, Environment, Store
from sandbox.languages import BadLanguages, LanguageSpec, load
from sandbox.packages.change import add, remove
from sandbox.packages.errors import PackagesError
from sandbox.packages.installer import Installer, Requirement
from sandbox.packages.npm import Npm
from sandbox.packages.pip import Pip
from sandbox.private import NotPrivate, make_folder, set_umask
from sandbox.toolchains.search import Toolchain, versions_of

_INTERRUPTED: Final = 130


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end quietly when the reader has: `| head`
    set_umask()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    arguments = _arguments()
    try:
        make_folder(arguments.data)
        arguments.run(Store(arguments.data / FOLDER), arguments)
    except (PackagesError, Busy, BadEnvironments, BadLanguages, NotPrivate) as error:
        raise SystemExit(f"podline: {error}") from error
    except OSError as error:
        raise SystemExit(f"podline: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="podline packages")
    parser.add_argument("--data", type=Path, required=True, help="the daemon's folder")
    parser.add_argument("--languages", type=Path, help="a file with more of them")
    commands = parser.add_subparsers(required=True)
    adds = _command(commands.add_parser("add"), _add)
    adds.add_argument("language")
    adds.add_argument("--requirements", type=Path)
    adds.add_argument("packages", nargs="*")
    removes = _command(commands.add_parser("remove"), _remove)
    removes.add_argument("language")
    removes.add_argument("packages", nargs="+")
    _command(commands.add_parser("list"), _list).add_argument("--json", action="store_true")
    _command(commands.add_parser("lock"), _lock).add_argument("language")
    return parser.parse_args()


def _command(
    parser: argparse.ArgumentParser, run: Callable[[Store, argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser.set_defaults(run=run)
    return parser


def _add(store: Store, arguments: argparse.Namespace) -> None:
    installers = _installers(arguments)
    file = arguments.requirements
    lock = file if file and installers[0].is_lock(file) else None
    wanted = _wanted(installers[0], arguments)
    with _all_or_nothing():
        add(store, installers, wanted, lock)
    _show({each.name: store.installed()[each.name] for each in installers})


def _remove(store: Store, arguments: argparse.Namespace) -> None:
    installers = _installers(arguments)
    names = [installers[0].parsed(text).name for text in arguments.packages]
    with _all_or_nothing():
        remove(store, installers, names)


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PackagesError(f"nothing was changed: {error}") from error


def _list(store: Store, arguments: argparse.Namespace) -> None:
    if arguments.json:
        json.dump({name: _as_json(each) for name, each in store.installed().items()}, sys.stdout)
        print()
    else:
        _show(store.installed())


def _lock(store: Store, arguments: argparse.Namespace) -> None:
    installed = store.installed()
    locks = [
        store.lock_file(installed[installer.name]).read_text()
        for installer in _installers(arguments)
        if installer.name in installed
    ]
    if not locks:
        raise PackagesError(f"no packages of {arguments.language} are installed")
    if len(locks) > 1:
        raise PackagesError(f"there is a lock file for each version, in {store.builds}")
    sys.stdout.write(locks[0])


def _wanted(installer: Installer, arguments: argparse.Namespace) -> list[Requirement]:
    wanted = [installer.parsed(text) for text in arguments.packages]
    if arguments.requirements:
        wanted += installer.parsed_file(arguments.requirements)
    if not wanted:
        raise PackagesError("name at least one package")
    return wanted


def _installers(arguments: argparse.Namespace) -> Sequence[Installer]:
    """One for each version on this host. Raises PackagesError, BadLanguages and OSError."""
    spec = _spec(load(arguments.languages), arguments.language)
    by_name = {found.environment: found for found in versions_of(spec)}
    if not by_name:
        raise PackagesError(f"{spec.name} is not installed on this host")
    return [_installer(found) for found in by_name.values()]


def _spec(specs: Mapping[str, LanguageSpec], name: str) -> LanguageSpec:
    for spec in specs.values():
        if name == spec.name or name in spec.aliases:
            if spec.packages is None:
                raise PackagesError(f"packages of {spec.name} can't be installed")
            return spec
    able = ", ".join(spec.name for spec in specs.values() if spec.packages)
    raise PackagesError(f"{name!r} is not a language with packages: use one of {able}")


def _installer(toolchain: Toolchain) -> Installer:
    if toolchain.own_packages is not None:
        raise PackagesError(
            f"{toolchain.executable} is a virtual environment of your own: use its own installer"
        )
    if toolchain.spec.packages == "npm":
        return Npm(toolchain.environment, toolchain.runtime or toolchain.executable)
    return Pip(toolchain.environment, toolchain.executable)


def _as_json(installed: Environment) -> Mapping[str, object]:
    return {"requested": list(installed.requested), "packages": dict(installed.packages)}


def _show(environments: Mapping[str, Environment]) -> None:
    rows = [("environment", "package", "version", "added")]
    for environment in environments.values():
        asked = set(environment.requested)
        rows += [
            (environment.name, name, version, "yes" if name.lower() in asked else "")
            for name, version in environment.packages.items()
        ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


if __name__ == "__main__":
    main()
