"""What import-linter can't check: parts without a layer, and who calls what it was given."""

import ast
import pkgutil
import re
from pathlib import Path

from importlinter.api import read_configuration

import app
import app.api

API = Path(app.api.__file__).parent
COMPOSITION = "application.py"


def test_every_part_of_the_service_has_its_layer() -> None:
    contracts = {each["id"]: each for each in read_configuration()["contracts_options"]}
    layered = re.findall(r"app\.\w+", "\n".join(contracts["layers"]["layers"]))
    parts = [f"app.{module.name}" for module in pkgutil.iter_modules(app.__path__)]
    assert sorted(layered) == sorted(parts)


def calls_of_ports(path: Path) -> list[str]:
    """Places where something is read from ports, rather than the ports passed on."""
    return [
        f"{path.name}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and (
            (isinstance(of := node.value, ast.Attribute) and of.attr == "ports")
            or (isinstance(of, ast.Name) and of.id == "ports")
        )
    ]


def test_the_api_calls_services_only() -> None:
    modules = [path for path in API.rglob("*.py") if path.name != COMPOSITION]
    assert modules
    assert [place for path in modules for place in calls_of_ports(path)] == []


def test_such_calls_are_found() -> None:
    assert calls_of_ports(API / COMPOSITION)
