"""The OpenAPI 3.1 document, made from the operations and their models.

OpenAPI 3.1 uses JSON Schema, so pydantic's schemas are included unchanged.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.api import bounds, problems, response_headers, sse
from app.api.auth import COOKIE, CSRF_HEADER, SECURE_COOKIE
from app.api.examples import BODIES
from app.api.operations import Operation
from app.domain.policy import InputMaxima

Json: TypeAlias = dict[str, Any]

_REF: Final = "#/components/schemas/{model}"
_COUNTED: Final = {"array": "maxItems", "object": "maxProperties"}
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The cookie of a browser's session; over HTTPS, its name is "
        f"`{SECURE_COOKIE}`. A request that changes something also "
        f"needs the session's token in the header `{CSRF_HEADER}`.",
    },
}
_EVENT: Final = {
    "description": "One of the server-sent events.",
    "type": "object",
    "properties": {
        "event": {"type": "string"},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "id", "data"],
}
"""What it takes OpenAPI 3.2 to say exactly: each event of the response, not all together."""
_INFO: Final = {
    "title": "Podline",
    "version": "1",
    "description": "Runs untrusted programs. Errors are problem documents (RFC 9457). Every "
    "response has an `X-Request-Id`. Unknown fields are refused.",
    "license": {"name": "MIT", "identifier": "MIT"},
}


def document(operations: Sequence[Operation], maxima: InputMaxima) -> Json:
    """The whole document, with the maxima from the settings."""
    schemas = _Schemas(operations, maxima)
    paths: dict[str, Json] = {}
    for operation in operations:
        described = _operation(operation, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "headers": response_headers.DECLARED,
            "securitySchemes": _SECURITY,
        },
    }


class _Schemas:
    """The schema of every model in use."""

    def __init__(self, operations: Sequence[Operation], maxima: InputMaxima) -> None:
        models = sorted(set(_models(operations)), key=lambda model: model[0].__name__)
        self._refs, schemas = models_json_schema(models, ref_template=_REF)
        _fill_in(schemas, maxima)
        self._queries = {
            operation.query: schemas["$defs"][operation.query.__name__] for operation in operations
        }
        """Queries become parameters, not schemas."""
        names = {query.__name__ for query in self._queries}
        self.definitions: Json = {
            name: schema for name, schema in schemas["$defs"].items() if name not in names
        }

    def content(
        self, model: type[BaseModel], mode: JsonSchemaMode, media_type: str = "application/json"
    ) -> Json:
        return {media_type: {"schema": self._refs[model, mode]}}

    def parameters(self, query: type[BaseModel]) -> Iterator[Json]:
        for name, schema in self._queries[query].get("properties", {}).items():
            yield {
                "name": name,
                "in": "query",
                "required": False,
                "allowEmptyValue": True,  # It counts as not given.
                "schema": _without_null(schema),
            }


def _without_null(schema: Json) -> Json:
    """A query has no null: a parameter that is null is not given."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    given = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**choices[0], **given}


def _fill_in(schema: Any, maxima: InputMaxima) -> None:
    """Replace each maximum by its number, under JSON Schema's own names."""
    if isinstance(schema, dict) and bounds.JSON_SCHEMA_KEY in schema:
        most = bounds.in_numbers(schema.pop(bounds.JSON_SCHEMA_KEY), maxima)
        for kind in schema.get("anyOf", [schema]):
            if kind["type"] in _COUNTED:
                kind[_COUNTED[kind["type"]]] = most
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            _fill_in(inner, maxima)


def _models(operations: Iterable[Operation]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield problems.Problem, "serialization"
    for operation in operations:
        for sent in (operation.body, operation.query):
            if sent is not None:
                yield sent, "validation"
        for answer in operation.answers.values():
            if isinstance(answer, type):
                yield answer, "serialization"


def _operation(operation: Operation, schemas: _Schemas) -> Json:
    summary, _, description = (inspect.getdoc(operation.handler) or "").partition("\n")
    described: Json = {
        "operationId": _operation_id(operation),
        "tags": [operation.tag],
        "summary": summary,
        "description": description.strip(),
        "parameters": list(_parameters(operation, schemas)),
        "responses": {
            **dict(_answers(operation, schemas)),
            **dict(_problems(operation, schemas)),
        },
    }
    if operation.role is not None:
        described["security"] = [{name: []} for name in _SECURITY]
    if operation.body is not None:
        content = schemas.content(operation.body, "validation")
        content["application/json"]["example"] = BODIES[described["operationId"]]
        described["requestBody"] = {"required": True, "content": content}
    return described


def _operation_id(operation: Operation) -> str:
    module = operation.handler.__module__.rpartition(".")[2]
    return f"{module}_{operation.handler.__name__.rstrip('_')}"


def _parameters(operation: Operation, schemas: _Schemas) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    yield from schemas.parameters(operation.query)
    for name in operation.headers:
        yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _answers(operation: Operation, schemas: _Schemas) -> Iterator[tuple[str, Json]]:
    for status, answer in operation.answers.items():
        described = _described(operation, status)
        if isinstance(answer, type):
            described["content"] = schemas.content(answer, "serialization")
        elif answer is not None:
            media_types = (answer,) if isinstance(answer, str) else answer
            described["content"] = {each: {"schema": _schema_of(each)} for each in media_types}
        yield str(status), described


def _problems(operation: Operation, schemas: _Schemas) -> Iterator[tuple[str, Json]]:
    content = schemas.content(problems.Problem, "serialization", problems.MEDIA_TYPE)
    for status in sorted(operation.problems - set(operation.answers)):
        yield str(status), {**_described(operation, status), "content": content}


def _described(operation: Operation, status: int) -> Json:
    """A response without its content."""
    headers = response_headers.of(operation, status)
    return {
        "description": HTTPStatus(status).phrase,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
    }


def _schema_of(media_type: str) -> Json:
    return _EVENT if media_type == sse.MEDIA_TYPE else {"type": "string"}
