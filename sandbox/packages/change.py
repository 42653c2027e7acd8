"""Adds and removes packages."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from sandbox.environments import Environment, Store
from sandbox.packages.errors import PackagesError
from sandbox.packages.installer import Before, Installer, Requirement


def add(
    store: Store,
    installers: Sequence[Installer],
    wanted: Sequence[Requirement],
    lock: Path | None = None,
) -> None:
    """Install packages for each of these: all of them, or none.

    Packages that are named get the newest versions that fit, and all others keep theirs. Where
    nothing is installed, they get those of the lock file. Raises PackagesError, Busy,
    BadEnvironments and OSError.
    """
    _change(store, installers, {each.name: each for each in wanted}, removed=(), lock=lock)


def remove(store: Store, installers: Sequence[Installer], names: Collection[str]) -> None:
    """Remove packages, and those that only they needed. Raises what `add` raises."""
    _change(store, installers, {}, removed=names)


def _change(
    store: Store,
    installers: Sequence[Installer],
    added: Mapping[str, Requirement],
    removed: Collection[str],
    lock: Path | None = None,
) -> None:
    store.make()
    with store.changing(), ExitStack() as builds:
        store.sweep()
        installed = store.installed()
        _refuse_unknown(removed, [installed.get(each.name) for each in installers])
        for installer in installers:
            before = installed.pop(installer.name, None)
            kept = _kept(before, removed)
            wanted = {**kept, **{name: _asked(each, kept) for name, each in added.items()}}
            if wanted:
                folder = builds.enter_context(store.new_build(installer.name))
                own = Before(store.lock_file(before), added) if before else None
                other = Before(lock, ()) if lock else None
                installed[installer.name] = _built(installer, folder, wanted, own or other)
        store.put(installed)
    with suppress(OSError):  # the change is made; the next one sweeps again
        store.sweep()


def _refuse_unknown(names: Collection[str], installed: Sequence[Environment | None]) -> None:
    known = {name for each in installed if each for name in each.requested}
    for name in names:
        if name not in known:
            among = f"those that were added are {', '.join(sorted(known))}" if known else "none was"
            raise PackagesError(f"{name} was not added: {among}")


def _kept(before: Environment | None, removed: Collection[str]) -> dict[str, Requirement]:
    requested = before.requested if before else {}
    return {
        name: Requirement(name, text) for name, text in requested.items() if name not in removed
    }


def _asked(requirement: Requirement, kept: Collection[str]) -> Requirement:
    """A dependency that somebody asked for before stays asked for."""
    return replace(requirement, is_dependency=False) if requirement.name in kept else requirement


def _built(
    installer: Installer, folder: Path, wanted: Mapping[str, Requirement], before: Before | None
) -> Environment:
    target = installer.target()
    built = installer.build(folder, list(wanted.values()), before)
    return Environment(
        name=installer.name,
        build=folder.name,
        shown=installer.shown,
        target=target,
        executable=installer.executable,
        requested={
            name: each.text for name, each in sorted(wanted.items()) if not each.is_dependency
        },
        packages=built.packages,
        fingerprint=hashlib.sha256(built.lock.encode()).hexdigest(),
    )
