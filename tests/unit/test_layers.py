"""What import-linter can't see: who calls what it was given."""

import ast
from pathlib import Path

import app.api

API = Path(app.api.__file__).parent
COMPOSITION = "application.py"


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
