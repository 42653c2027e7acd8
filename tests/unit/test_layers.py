"""What import-linter can't check: parts without a layer, and who calls what it was given."""

import ast
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from importlinter.api import read_configuration

import app
import app.api
import app.service
from app.ports import Ports

API = Path(app.api.__file__).parent
SERVICE = Path(app.service.__file__).parent
COMPOSITION = "application.py"


def test_every_part_of_the_service_has_its_layer() -> None:
    contracts = {each["id"]: each for each in read_configuration()["contracts_options"]}
    layered = re.findall(r"app\.\w+", "\n".join(contracts["layers"]["layers"]))
    parts = [f"app.{module.name}" for module in pkgutil.iter_modules(app.__path__)]
    assert sorted(layered) == sorted(parts)


def calls_of_ports(path: Path) -> list[str]:
    """Places where a port is called, rather than passed on."""
    return [
        f"{path.name}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and re.search(r"\bports\.", ast.unparse(node.func))
    ]


def test_the_api_calls_services_only() -> None:
    modules = [path for path in API.rglob("*.py") if path.name != COMPOSITION]
    assert modules
    assert [place for path in modules for place in calls_of_ports(path)] == []


def test_such_calls_are_found() -> None:
    assert calls_of_ports(API / COMPOSITION)


def ports_used_in_services() -> dict[str, set[str]]:
    """By function of app/service that takes `Ports`: which of them it uses, or those it calls."""
    direct: dict[str, set[str]] = {}
    callees: dict[str, set[str]] = {}
    for path in SERVICE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        module = ".".join(path.relative_to(SERVICE.parents[1]).with_suffix("").parts)
        imported = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for function in tree.body:
            if isinstance(function, ast.FunctionDef) and "ports: Ports" in ast.unparse(
                function.args
            ):
                name = f"{module}.{function.name}"
                direct[name] = _named(function)
                callees[name] = {
                    imported.get(first, f"{module}.{first}") + rest
                    for first, rest in _called_with_ports(function)
                }
    return {name: _all_used(name, direct, callees, set()) for name in direct}


def _named(function: ast.FunctionDef) -> set[str]:
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "ports"
    }


def _called_with_ports(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and "ports" in map(ast.unparse, node.args):
            first, dot, rest = ast.unparse(node.func).partition(".")
            yield first, dot + rest


def _all_used(
    name: str, direct: Mapping[str, set[str]], callees: Mapping[str, set[str]], seen: set[str]
) -> set[str]:
    """A function that isn't known, such as one that was passed, may use all ports."""
    if name not in direct:
        return {field.name for field in fields(Ports)}
    seen.add(name)
    below = [_all_used(each, direct, callees, seen) for each in callees[name] - seen]
    return direct[name].union(*below)


def test_a_use_case_takes_the_ports_that_it_uses_if_these_are_one_or_two() -> None:
    used = ports_used_in_services()
    assert used["app.service.saga.clean_up"] > {"store", "runtime", "admission"}
    few = {
        name
        for name, ports in used.items()
        if len(ports) <= 2 and not name.rpartition(".")[2].startswith("_")
    }
    # The modes of a replay all take the same.
    assert few == {"app.service.replay.modes.reemit"}
