"""Compares the API with its OpenAPI document: schemathesis makes requests and checks responses."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from jsonschema import Draft202012Validator
from schemathesis import engine, openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.engine import events
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.schemas import OpenApiSchema

Ids = Mapping[str, Sequence[str]]
"""Values that exist, by the name of the parameter in the path."""

REFUSED_ALTHOUGH_VALID: Final = [
    "2xx",
    "3xx",
    "400",
    "401",
    "403",
    "404",
    "409",
    "410",
    "416",
    "422",
]
"""JSON Schema can't express every rule, so a request that fits the document may be refused."""
_BATCHES: Final = "POST /api/v1/batches"
_SHARE_THAT_EXISTS: Final = 0.8


@dataclass(slots=True)
class Conformance:
    """What many requests have shown."""

    faults: dict[str, str] = field(default_factory=dict)
    """By operation and kind: a command that repeats the first request."""
    statuses: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Of the responses, by operation."""
    requests: int = 0

    def __str__(self) -> str:
        return "\n\n".join(f"{fault}\n{command}" for fault, command in self.faults.items())


def of_application(app: Flask, key: str, ids: Ids) -> Conformance:
    """Call the application without a server, with each value of interest of each field.

    Batches, whose programs have the same fields as single ones, are left out. So is `ignored_auth`,
    which needs a server in this version of schemathesis.
    """
    config = _config(key, ids, examples=1)
    config["checks"]["ignored_auth"] = {"enabled": False}
    config["operations"] = [{"include-name": _BATCHES, "enabled": False}]
    return _compared(openapi.from_wsgi("/openapi.json", app, config=_made(config)))


def of_service(url: str, key: str, ids: Ids, *, examples: int) -> Conformance:
    """Also with `examples` random requests of each operation, and in sequences."""
    config = _made(_config(key, ids, examples=examples))
    return _compared(openapi.from_url(f"{url}/openapi.json", config=config))


def _config(key: str, ids: Ids, *, examples: int) -> dict[str, Any]:
    """https://schemathesis.readthedocs.io/en/stable/reference/configuration/"""
    return {
        "seed": 1,
        "headers": {"Authorization": f"Bearer {key}"},
        "request-timeout": 10,
        "generation": {
            "max-examples": examples,
            "database": "none",
            "no-shrink": True,
            "with-security-parameters": False,
        },
        "checks": {
            "positive_data_acceptance": {"expected-statuses": REFUSED_ALTHOUGH_VALID},
            # A path such as /executions/cancel is also one of an execution.
            "allow_header_conformance": {"enabled": False},
        },
        "operations": [
            {
                # A program that is refused has a problem in the response to its batch.
                "include-name": _BATCHES,
                "checks": {"negative_data_rejection": {"enabled": False}},
            }
        ],
        "dictionaries": {name: {"values": list(values)} for name, values in ids.items()},
        "parameters": {
            f"path.{name}": {"dictionary": name, "probability": _SHARE_THAT_EXISTS} for name in ids
        },
    }


def _made(config: Mapping[str, Any]) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(dict(config))


def _compared(schema: OpenApiSchema) -> Conformance:
    found = Conformance()
    for event in engine.from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                _add(found, event)
            case events.NonFatalError():
                found.faults[f"{event.label}: {event.value!r}"] = ""
            case events.FatalError():
                raise event.exception
    return found


def _add(found: Conformance, scenario: events.ScenarioFinished) -> None:
    recorder = scenario.recorder
    found.requests += len(recorder.cases)
    for id, case in recorder.cases.items():
        operation = case.value.operation.label
        interaction = recorder.interactions.get(id)
        response = None if interaction is None else interaction.response
        if response is not None:
            found.statuses[operation].add(response.status_code)
        for check in recorder.checks.get(id, ()):
            if check.failure_info is None:
                continue
            failure = check.failure_info.failure
            if isinstance(failure, AcceptedNegativeData) and query_fits(case.value, response):
                continue
            status = "" if response is None else f" ({response.status_code})"
            fault = f"{operation}: {failure.title}: {failure.message}{status}"
            found.faults.setdefault(fault, check.failure_info.code_sample)


def query_fits(case: Case[Any], response: Response | None) -> bool:
    """Whether the text that was sent fits all parameters that should be invalid.

    In the place of a list, schemathesis sends one value, which is a list of one in a query. It
    sees so itself, except where the parameter may also be empty.
    """
    if case.meta is None or response is None:
        return False
    if [at for at in ParameterLocation if case.meta.is_negative_at(at)] != [
        ParameterLocation.QUERY
    ]:
        return False
    sent = parse_qs(urlsplit(str(response.request.url)).query, keep_blank_values=True)
    return all(
        name is not None and _fits_list(case.operation.query.get(name), sent.get(name, []))
        for name in _mutated(case.meta.phase.data)
    )


def _mutated(phase: Any) -> set[str | None]:
    """None stands for something other than one parameter."""
    if (mutations := getattr(phase, "mutations", None)) is not None:
        return {mutation.parameter for mutation in mutations} or {None}
    return {phase.parameter}


def _fits_list(parameter: Any, values: list[str]) -> bool:
    schema = {} if parameter is None else parameter.definition["schema"]
    return schema.get("type") == "array" and Draft202012Validator(schema).is_valid(values)
